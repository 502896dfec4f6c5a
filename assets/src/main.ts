import { createApp } from 'vue'
import App from './App.vue'
import { startFeed } from './live/feed'
import { router } from './router'
import { complain } from './stores/notices'
import { startTheme } from './stores/theme'
import { startView } from './stores/view'
import './styles/main.css'

// Parts of the page are fetched when they are wanted; another version of the server has others.
window.addEventListener('vite:preloadError', () => {
  complain('A part of the page cannot be loaded. If the server is there, reload the page.')
})

startTheme()
startView(router)
startFeed()
createApp(App).use(router).mount('#app')
