import type { Plugin, Rolldown } from 'vite'

/**
 * Names, in index.html, the files that the page fetches only when they are wanted, so that it can
 * fetch them beforehand (src/prefetch.ts).
 */
export function parts(): Plugin {
  return {
    name: 'unoc-parts',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle, filename, chunk }) {
        if (bundle === undefined || chunk === undefined || !filename.endsWith('/index.html')) return []
        const content = partsOf(chunk, bundle).join(' ')
        return [{ tag: 'meta', attrs: { name: 'unoc-parts', content }, injectTo: 'head' }]
      },
    },
  }
}

/** Scripts and style sheets that an entry may import later, without those that it loads at once. */
function partsOf({ fileName }: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle): string[] {
  const atOnce = reach(fileName, bundle, ({ imports }) => imports)
  const all = reach(fileName, bundle, ({ imports, dynamicImports }) => [...imports, ...dynamicImports])
  return [...all].filter((file) => !atOnce.has(file)).sort()
}

/** The files that are reached from a chunk, itself included. */
function reach(
  from: string,
  bundle: Rolldown.OutputBundle,
  next: (chunk: Rolldown.OutputChunk) => string[],
): Set<string> {
  const files = new Set([from])
  // A set hands out what is added to it meanwhile.
  for (const file of files) {
    const chunk = bundle[file]
    if (chunk?.type !== 'chunk') continue
    for (const each of [...next(chunk), ...(chunk.viteMetadata?.importedCss ?? [])]) files.add(each)
  }
  return files
}
