import { createApp } from 'vue'
import App from './App.vue'
import { startFeed } from './live/feed'
import { prefetchParts } from './prefetch'
import { router } from './router'
import { startTheme } from './stores/theme'
import { startView } from './stores/view'
import './styles/main.css'

startTheme()
startView(router)
startFeed()
prefetchParts()
createApp(App).use(router).mount('#app')
