/**
 * When things are drawn: at most so often, only while the page is visible, and
 * never so much in one frame that the browser could not follow. What does not fit waits
 * for the next one: a slow machine skips drawing, never data.
 */
const BUDGET_MS = 10

interface Task {
  readonly everyMs: number
  readonly draw: () => void
  readonly isCanvas: boolean
  dueMs: number
}

const tasks = new Set<Task>()
let isRunning = false

/**
 * Calls `draw` up to so many times a second. Returns what ends it. `isCanvas`: it draws a canvas, whose pixels the
 * browser makes after our code, in the same task, and for longer: one of them a frame.
 */
export function everyTick(perSecond: number, draw: () => void, isCanvas = false): () => void {
  const task = { everyMs: 1000 / perSecond, draw, isCanvas, dueMs: performance.now() }
  tasks.add(task)
  if (!isRunning) {
    isRunning = true
    requestAnimationFrame(run)
  }
  return () => void tasks.delete(task)
}

/** Calls `draw` once, when its turn comes. Returns what prevents it. */
export function onceSoon(draw: () => void, isCanvas = false): () => void {
  const once = (): void => {
    end()
    draw()
  }
  const end = everyTick(1, once, isCanvas)
  return end
}

/** Browsers call it for pages that are seen only. */
function run(): void {
  // First: what fails to draw is reported as any fault of a page is, and costs others one frame.
  isRunning = tasks.size > 0
  if (!isRunning) return
  requestAnimationFrame(run)
  const startMs = performance.now()
  const due = [...tasks].filter(({ dueMs }) => dueMs <= startMs).sort((one, other) => one.dueMs - other.dueMs)
  let hasCanvas = false
  for (const task of due) {
    if (performance.now() - startMs > BUDGET_MS) break
    if (task.isCanvas && hasCanvas) continue
    if (!tasks.delete(task)) continue
    hasCanvas ||= task.isCanvas
    // Behind those that were drawn before it.
    tasks.add(task)
    task.dueMs = startMs + task.everyMs
    task.draw()
  }
}
