import ts from 'typescript'
import type { SourceFile } from './sourceGraph'

/** A request of the page, as the server names it: `GET /api/devices/{}`. */
export type Route = string

/**
 * The requests that each function of `api/` sends itself, or whose address it builds; null for one whose address is
 * not in its code.
 */
export function routesOf(file: SourceFile): Map<string, (Route | null)[]> {
  return new Map([...file.declarations].map(([name, node]) => [name, requestsIn(file, node)]))
}

function requestsIn(file: SourceFile, node: ts.Node): (Route | null)[] {
  const routes: (Route | null)[] = []
  const visit = (each: ts.Node): void => {
    if (ts.isCallExpression(each) && ts.isIdentifier(each.expression)) {
      const route = routeOf(file, each, each.expression.text)
      if (route !== undefined) routes.push(route)
    }
    ts.forEachChild(each, visit)
  }
  visit(node)
  return routes
}

/** The request of a call; undefined for a call that makes none. */
function routeOf(file: SourceFile, call: ts.CallExpression, name: string): Route | null | undefined {
  const [first, second] = call.arguments
  if (first === undefined) return undefined
  const methods: Record<string, string> = {
    upload: 'POST',
    url: 'GET',
    patchUnlessChanged: 'PATCH',
    deleteUnlessChanged: 'DELETE',
  }
  if (name === 'request' && second !== undefined && ts.isStringLiteral(first)) return routeText(file, first.text, second)
  const method = methods[name]
  return method === undefined ? undefined : routeText(file, method, first)
}

function routeText(file: SourceFile, method: string, path: ts.Expression): Route | null {
  const text = textOf(file, path)
  if (text === null) return null
  const [plain = ''] = text.split('?')
  return `${method} /${plain}`
}

/** A path with `{}` in place of what is only known at run time; null when it is handed in as a whole. */
function textOf(file: SourceFile, node: ts.Expression): string | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (ts.isConditionalExpression(node)) return textOf(file, node.whenTrue)
  if (ts.isTemplateExpression(node)) {
    const parts = node.templateSpans.map(({ expression, literal }) => `${textOf(file, expression) ?? '{}'}${literal.text}`)
    return node.head.text + parts.join('')
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return returned(file, node.expression.text)
  if (ts.isIdentifier(node)) return constant(node)
  return null

  function constant(name: ts.Identifier): string | null {
    for (let scope: ts.Node = name; scope.parent !== undefined; scope = scope.parent) {
      if (!ts.isBlock(scope)) continue
      for (const statement of scope.statements.filter(ts.isVariableStatement)) {
        const found = statement.declarationList.declarations.find((each) => each.name.getText() === name.text)
        if (found?.initializer !== undefined) return textOf(file, found.initializer)
      }
    }
    return null
  }
}

/** What a function of the file returns, if that is a path. */
function returned(file: SourceFile, name: string): string | null {
  const declared = file.declarations.get(name)
  if (declared === undefined || !ts.isFunctionDeclaration(declared)) return null
  const last = declared.body?.statements.at(-1)
  return last !== undefined && ts.isReturnStatement(last) && last.expression !== undefined ? textOf(file, last.expression) : null
}
