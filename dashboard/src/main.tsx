import { render } from 'preact'
import { App } from './app.tsx'
import { Entrance } from './entrance.tsx'
import './style.css'

render(
  <Entrance>
    <App />
  </Entrance>,
  document.getElementById('app')!,
)
