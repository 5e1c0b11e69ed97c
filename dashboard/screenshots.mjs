/**
 * Makes the pictures of the pages in docs/, from the demo: `npm run build && node dashboard/screenshots.mjs`.
 * Needs Chromium (PHASORBUS_CHROMIUM, or /usr/bin/chromium).
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { startBrowser } from '../dist/bench/support/chromium.js'

const root = join(import.meta.dirname, '..')
const topic = 'south-italy-113/secondary-station/1157/PMU/772'
const reference = 'south-italy-113/primary-station/1100/PMU/765|1.VA.angle'
/** The first cut of a link is over by then, and the next event has begun. */
const AFTER_MS = 50_000

const demo = spawn(process.execPath, [join(root, 'dist/src/cli/main.js'), 'demo', '--http-port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise((resolve, reject) => {
  let text = ''
  demo.stdout.setEncoding('utf8').on('data', (part) => {
    text += part
    const found = /in a browser: (http:\/\/\S+)/.exec(text)
    if (found) resolve(found[1])
  })
  demo.on('exit', () => reject(new Error(`the demo ended: ${text}`)))
})
const browser = await startBrowser()
try {
  const open = async (route, options = {}) => {
    const page = await browser.newPage({ viewport: { width: 1200, height: 760 }, colorScheme: 'light', ...options })
    await page.goto(`${url}/#/${route}`)
    return page
  }
  const pages = {
    grid: await open('grid'),
    pmu: await open(`pmu?stream=${encodeURIComponent(topic)}&against=${encodeURIComponent(reference)}`),
    compare: await open('compare'),
    health: await open('health', { colorScheme: 'dark' }),
  }
  await pages.compare.getByRole('button', { name: /frequencies/i }).click()
  process.stderr.write(`looking at the demo for ${AFTER_MS / 1000} s…\n`)
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS))
  pages.history = await open('history')
  await new Promise((resolve) => setTimeout(resolve, 5000))
  for (const [name, page] of Object.entries(pages)) {
    const path = join(root, 'docs', `dashboard-${name}.png`)
    await page.bringToFront()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await page.screenshot({ path })
    process.stderr.write(`${path}\n`)
  }
} finally {
  await browser.close()
  demo.kill('SIGINT')
}
