import { expect, test } from 'vitest'
import { encode } from 'uqr'
import { grouped, qrCode } from './qrCode'

const URI = 'otpauth://totp/UNOC:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=UNOC&algorithm=SHA1&digits=6&period=30'

test('the path draws exactly the dark modules, with four light ones around', () => {
  const { path, side } = qrCode(URI)
  const drawn = Array.from({ length: side }, () => Array.from({ length: side }, () => false))
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let at = Number(x); at < Number(x) + Number(length); at += 1) {
      const row = drawn[Number(y)]
      if (row !== undefined) row[at] = true
    }
  }
  expect(drawn).toEqual(encode(URI, { ecc: 'M', border: 4 }).data)
  expect(drawn.slice(0, 4).flat()).not.toContain(true)
  // The finder pattern at the upper left begins with seven dark modules.
  expect(drawn[4]?.slice(0, 12)).toEqual([...Array(4).fill(false), ...Array(7).fill(true), false])
})

test('a secret in groups', () => {
  expect(grouped('JBSWY3DPEHPK3PX')).toBe('JBSW Y3DP EHPK 3PX')
})
