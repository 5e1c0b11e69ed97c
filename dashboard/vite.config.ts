import { defineConfig } from 'vite'

export default defineConfig({
  base: './',
  build: {
    outDir: '../dist/public',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
