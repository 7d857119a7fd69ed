// A figure for a paper or an issue: an SVG that needs nothing else, and the same as a PNG of twice its size.

/** Pixels of the PNG for one of the figure. */
const sharpness = 2

/** Base64 of a PNG, on white. @throws when the SVG is none. */
export async function pngOf(svgText: string): Promise<string> {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = sharpness * image.naturalWidth
  canvas.height = sharpness * image.naturalHeight
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser has no 2D canvas')
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL('image/png').split(',')[1]
}
