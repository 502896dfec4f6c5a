/** Shape and colour of a mark: out of service, impaired, worth a look, fine, not counted, and planned work. */
export type Tone = 'down' | 'degraded' | 'minor' | 'up' | 'quiet' | 'work'
