/** Shape and colour of a mark: out of service, impaired, worth a look, and fine. */
export type Tone = 'down' | 'degraded' | 'minor' | 'up'
