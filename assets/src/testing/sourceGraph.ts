import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { parse } from 'vue/compiler-sfc'
import type { RootNode } from '@vue/compiler-core'

/** The folder of the page's sources. */
const ROOT = join(import.meta.dirname, '..')

/** A file of the page: what its script declares and imports, and its template. */
export interface SourceFile {
  /** Relative to the folder of the sources: `stores/undo.ts`. */
  path: string
  script: ts.SourceFile
  /** What a name stands for that comes from another file. */
  imports: Map<string, { path: string; name: string }>
  /** The statement that declares a name at the top of the file. */
  declarations: Map<string, ts.Node>
  template: RootNode | null
}

/** All files of the page that are not tests, by their paths. */
export function readSources(): Map<string, SourceFile> {
  const paths = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.(ts|vue)$/.test(path) && !/\.(spec|d)\.ts$|^testing\/|\/testing\/|testing\.ts$/.test(path),
  )
  const known = new Set(paths)
  return new Map(paths.map((path) => [path, readSource(path, textOf(path), known)]))
}

/** The same files, one of them with another text. */
export function withText(files: ReadonlyMap<string, SourceFile>, path: string, text: string): Map<string, SourceFile> {
  return new Map(files).set(path, readSource(path, text, new Set(files.keys())))
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function readSource(path: string, text: string, known: ReadonlySet<string>): SourceFile {
  const parts = path.endsWith('.vue') ? parse(text).descriptor : null
  const code = parts === null ? text : (parts.scriptSetup?.content ?? '')
  const script = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true)
  const file: SourceFile = { path, script, imports: new Map(), declarations: new Map(), template: parts?.template?.ast ?? null }
  for (const statement of script.statements) note(file, statement, known)
  return file
}

function note(file: SourceFile, statement: ts.Statement, known: ReadonlySet<string>): void {
  if (ts.isImportDeclaration(statement)) {
    const from = resolve(file.path, (statement.moduleSpecifier as ts.StringLiteral).text, known)
    const clause = statement.importClause
    if (from === null || clause === undefined || clause.isTypeOnly) return
    if (clause.name !== undefined) file.imports.set(clause.name.text, { path: from, name: 'default' })
    if (clause.namedBindings !== undefined && ts.isNamedImports(clause.namedBindings)) {
      for (const { name, propertyName } of clause.namedBindings.elements) {
        file.imports.set(name.text, { path: from, name: (propertyName ?? name).text })
      }
    }
  } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    if (statement.name !== undefined) file.declarations.set(statement.name.text, statement)
  } else if (ts.isVariableStatement(statement)) {
    for (const declaration of statement.declarationList.declarations) {
      // A part that is loaded later stands for its file.
      const lazy = /import\('([^']+\.vue)'\)/.exec(declaration.getText())?.[1]
      const from = lazy === undefined ? null : resolve(file.path, lazy, known)
      for (const name of namesOf(declaration.name)) {
        if (from !== null) file.imports.set(name, { path: from, name: 'default' })
        else file.declarations.set(name, declaration)
      }
    }
  }
}

function namesOf(binding: ts.BindingName): string[] {
  if (ts.isIdentifier(binding)) return [binding.text]
  return binding.elements.flatMap((element) => (ts.isBindingElement(element) ? namesOf(element.name) : []))
}

function resolve(from: string, specifier: string, known: ReadonlySet<string>): string | null {
  if (!specifier.startsWith('.')) return null
  const path = relative(ROOT, join(ROOT, dirname(from), specifier))
  return [path, `${path}.ts`].find((each) => known.has(each)) ?? null
}

/** The names that a piece of code uses, without those of properties. */
export function namesIn(node: ts.Node): Set<string> {
  const names = new Set<string>()
  const visit = (each: ts.Node): void => {
    if (ts.isIdentifier(each)) {
      const { parent } = each
      const isProperty =
        (ts.isPropertyAccessExpression(parent) && parent.name === each) ||
        (ts.isPropertyAssignment(parent) && parent.name === each)
      if (!isProperty) names.add(each.text)
    }
    ts.forEachChild(each, visit)
  }
  visit(node)
  return names
}

/** The code of an expression in a template. */
export function parseExpression(text: string): ts.SourceFile {
  return ts.createSourceFile('template.ts', text, ts.ScriptTarget.Latest, true)
}
