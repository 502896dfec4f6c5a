import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'
import { ICON_NAMES } from './src/utils/iconNames.ts'

const MODULE = 'virtual:icons'

interface Collection {
  icons: Record<string, { body: string } | undefined>
  aliases?: Record<string, { parent: string } | undefined>
}

const LICENSE = `# Icons

Icons of the Lucide family (https://lucide.dev), ISC License

Copyright (c) 2020, Lucide Contributors. Parts are from Feather, Copyright (c) 2013-2022 Cole Bemis,
MIT License.

Permission to use, copy, modify, and/or distribute this software for any purpose with or without
fee is hereby granted, provided that the above copyright notice and this permission notice appear
in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS
SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE
AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE
OF THIS SOFTWARE.
`

/** Puts the listed icons, and only those, of the Lucide family into the bundle. */
export function icons(): Plugin {
  return {
    name: 'unoc-icons',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : null),
    load(id) {
      if (id !== `\0${MODULE}`) return null
      const path = createRequire(import.meta.url).resolve('@iconify-json/lucide/icons.json')
      const all = JSON.parse(readFileSync(path, 'utf8')) as Collection
      const bodies = ICON_NAMES.map((name) => {
        const body = (all.icons[name] ?? all.icons[all.aliases?.[name]?.parent ?? ''])?.body
        if (body === undefined) throw new Error(`Lucide has no icon “${name}”`)
        return [name, body]
      })
      return `export default ${JSON.stringify(Object.fromEntries(bodies))}`
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'assets/licenses-icons.md', source: LICENSE })
    },
  }
}
