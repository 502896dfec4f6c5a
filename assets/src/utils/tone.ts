/** Shape and colour of a mark: out of service, impaired, worth a look, fine, and not counted. */
export type Tone = 'down' | 'degraded' | 'minor' | 'up' | 'quiet'
