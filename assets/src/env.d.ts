/** Swagger UI ships no types; the part that the docs page uses. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Options {
    domNode: HTMLElement
    spec: object
    validatorUrl: null
    deepLinking: boolean
    tryItOutEnabled: boolean
    docExpansion: 'list' | 'full' | 'none'
    defaultModelsExpandDepth: number
  }
  export default function SwaggerUI(options: Options): unknown
}

/** The bodies of the icons in utils/iconNames.ts; vite.icons.ts makes it. */
declare module 'virtual:icons' {
  const bodies: Readonly<Record<import('./utils/iconNames').IconName, string>>
  export default bodies
}
