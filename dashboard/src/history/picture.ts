/** The plots as one picture, with their titles and what their lines are. */
const FONT = '14px system-ui, sans-serif'
const PAD_PX = 16
const LINE_PX = 22

export interface PicturePlot {
  readonly title: string
  readonly canvas: HTMLCanvasElement
  readonly lines: readonly { readonly label: string; readonly colour: string; readonly dash: readonly number[] }[]
}

/** As large as the plots are, in pixels of the screen. */
export async function pictureOf(
  head: string,
  plots: readonly PicturePlot[],
  paper: string,
  ink: string,
): Promise<Blob> {
  const scale = devicePixelRatio
  const width = Math.max(...plots.map(({ canvas }) => canvas.width)) / scale + 2 * PAD_PX
  const heightOf = ({ canvas, lines }: PicturePlot): number => canvas.height / scale + LINE_PX * (lines.length + 1)
  const height = plots.reduce((sum, plot) => sum + heightOf(plot) + PAD_PX, LINE_PX + 2 * PAD_PX)
  const picture = document.createElement('canvas')
  picture.width = Math.ceil(width * scale)
  picture.height = Math.ceil(height * scale)
  const context = picture.getContext('2d')!
  context.scale(scale, scale)
  context.fillStyle = paper
  context.fillRect(0, 0, width, height)
  context.font = FONT
  context.textBaseline = 'middle'
  context.lineWidth = 2
  let y = PAD_PX
  const write = (text: string, x: number): void => {
    context.fillStyle = ink
    context.fillText(text, x, y + LINE_PX / 2)
  }
  write(head, PAD_PX)
  y += LINE_PX + PAD_PX
  for (const { title, canvas, lines } of plots) {
    write(title, PAD_PX)
    y += LINE_PX
    context.drawImage(canvas, PAD_PX, y, canvas.width / scale, canvas.height / scale)
    y += canvas.height / scale
    for (const { label, colour, dash } of lines) {
      context.strokeStyle = colour
      context.setLineDash([...dash])
      context.beginPath()
      context.moveTo(PAD_PX, y + LINE_PX / 2)
      context.lineTo(PAD_PX + 28, y + LINE_PX / 2)
      context.stroke()
      write(label, PAD_PX + 36)
      y += LINE_PX
    }
    y += PAD_PX
  }
  return new Promise((resolve, reject) =>
    picture.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('the picture is too large for this browser'))),
      'image/png',
    ),
  )
}
