import { createApp } from 'vue'
import App from './App.vue'
import { startFeed } from './live/feed'
import { startTheme } from './stores/theme'
import { startView } from './stores/view'
import './styles/tokens.css'
import './styles/base.css'

startTheme()
startView()
startFeed()
createApp(App).mount('#app')
