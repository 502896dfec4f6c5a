import { createApp } from 'vue'
import App from './App.vue'
import { needs } from './components/common/needs'
import { startFeed } from './live/feed'
import { prefetchParts } from './prefetch'
import { router } from './router'
import { startSession } from './stores/session'
import { startTheme } from './stores/theme'
import { startView } from './stores/view'
import './styles/main.css'

startTheme()
startSession()
startView(router)
startFeed()
prefetchParts()
createApp(App).directive('needs', needs).use(router).mount('#app')
