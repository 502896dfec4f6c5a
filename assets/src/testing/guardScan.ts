import { type AttributeNode, type DirectiveNode, type ElementNode, NodeTypes, type TemplateChildNode } from '@vue/compiler-core'
import ts from 'typescript'
import type { Permission } from '../domain/access'
import { namesIn, parseExpression, type SourceFile } from './sourceGraph'

/** Something in a template that leads to a request which not everybody may make, offered to everybody. */
export interface Unguarded {
  path: string
  /** The element, or the statement of the script. */
  what: string
  needs: Permission
}

/** What functions of `api/` need, as `api/devices.ts#deleteDevice`; all others need nothing. */
export type Needs = ReadonlyMap<string, Permission>

type Guards = ReadonlySet<Permission>

/** An element with what is done at it, and what it is offered to. */
interface Place {
  file: SourceFile
  element: ElementNode
  /** Of the element and those around it. */
  guards: Guards
}

const RANK: Record<Permission, number> = { read: 0, account: 1, operate: 1, admin: 2 }
/** Their entries are checked one by one. */
const ITEM_FILES = ['components/frame/searchItems.ts', 'components/frame/selectionItems.ts']
/** Their listeners and what they do once they are open are offered by what opens them, which is checked. */
const DIALOGS = ['components/common/AppDialog.vue', 'components/common/ConfirmDialog.vue']

/**
 * Follows each handler and each address in the templates through scripts, stores and composables to the requests that
 * it makes. `routes`: what one needs to open a view.
 */
export class GuardScan {
  private readonly reached = new Map<string, Set<Permission>>()
  private readonly places: Place[] = []
  private readonly inherited = new Map<string, Guards>()

  constructor(
    private readonly files: ReadonlyMap<string, SourceFile>,
    private readonly needs: Needs,
    private readonly views: ReadonlyMap<string, Permission>,
  ) {
    for (const file of files.values()) this.collect(file, file.template?.children ?? [], new Set())
  }

  unguarded(): Unguarded[] {
    const files = [...this.files.values()]
    return [
      ...this.places.flatMap((place) => this.checkPlace(place)),
      ...files.flatMap((file) => this.checkScript(file)),
      ...files.flatMap((file) => this.checkItems(file)),
    ]
  }

  private collect(file: SourceFile, nodes: readonly TemplateChildNode[], around: Guards): void {
    for (const node of nodes) {
      if (node.type !== NodeTypes.ELEMENT) continue
      const guards = new Set([...around, ...guardsOf(node)])
      this.places.push({ file, element: node, guards })
      this.collect(file, node.children, guards)
    }
  }

  private checkPlace({ file, element, guards }: Place): Unguarded[] {
    const child = this.componentOf(file, element)
    if (child !== null && this.isDialog(child)) return []
    const held = new Set([...guards, ...this.inheritedBy(file)])
    return actionsOf(element).flatMap(({ event, code }) => {
      const missing = [...this.reachOf(file, code)].filter((each) => !isHeld(each, held))
      return missing
        .filter((each) => event === null || child === null || !this.emitsOnlyFor(child, event, each))
        .map((each) => ({ path: file.path, what: startTag(element), needs: each }))
    })
  }

  /** What a component does by itself when it is there. */
  private checkScript(file: SourceFile): Unguarded[] {
    if (file.template === null) return []
    const held = this.inheritedBy(file)
    // A composable does something when one of its functions is called.
    const statements = file.script.statements.filter(ts.isExpressionStatement).filter((each) => !/^use[A-Z]/.test(each.getText()))
    return statements.flatMap((statement) =>
      [...this.reachOfNames(file, namesIn(statement))]
        .filter((each) => !isHeld(each, held))
        .map((each) => ({ path: file.path, what: statement.getText().slice(0, 80), needs: each })),
    )
  }

  /** The entries of the search: objects with a `run`, whose `needs` is what that leads to. */
  private checkItems(file: SourceFile): Unguarded[] {
    const found: Unguarded[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isObjectLiteralExpression(node)) {
        const run = propertyOf(node, 'run')
        const needs = propertyOf(node, 'needs')
        const held = new Set(needs !== null && ts.isStringLiteral(needs) ? [needs.text as Permission] : [])
        const reached = run === null ? [] : [...this.reachOfNames(file, namesIn(run))]
        for (const each of reached) if (!isHeld(each, held)) found.push({ path: file.path, what: node.getText().slice(0, 80), needs: each })
      }
      ts.forEachChild(node, visit)
    }
    if (ITEM_FILES.includes(file.path)) visit(file.script)
    return found
  }

  /** Whether every element of a component that emits an event is guarded there. */
  private emitsOnlyFor(child: SourceFile, event: string, needed: Permission): boolean {
    const emitters = this.places.filter(
      ({ file, element }) => file === child && actionsOf(element).some(({ code }) => this.emits(file, code, event)),
    )
    return (
      emitters.length > 0 &&
      emitters.every(({ file, element, guards }) => {
        if (isHeld(needed, new Set([...guards, ...this.inheritedBy(file)]))) return true
        const inner = this.componentOf(file, element)
        return actionsOf(element).every(
          ({ event: own, code }) =>
            !this.emits(file, code, event) || (own !== null && inner !== null && this.emitsOnlyFor(inner, own, needed)),
        )
      })
    )
  }

  private emits(file: SourceFile, code: ts.SourceFile, event: string): boolean {
    const isEmit = (text: string): boolean => new RegExp(`\\$?emit\\('${event}'`).test(text)
    if (isEmit(code.text)) return true
    return [...namesIn(code)].some((name) => {
      const declared = file.declarations.get(name)
      return declared !== undefined && ts.isFunctionDeclaration(declared) && isEmit(declared.getText())
    })
  }

  /** What all who can see a component may do, because of where it stands. */
  private inheritedBy(file: SourceFile): Guards {
    const known = this.inherited.get(file.path)
    if (known !== undefined) return known
    const view = this.views.get(file.path)
    // A component within itself adds nothing.
    this.inherited.set(file.path, new Set(['read', 'operate', 'admin', 'account']))
    const uses = this.places.filter((place) => this.componentOf(place.file, place.element) === file)
    const guards = uses.map((place) => {
      const isOpened = this.isDialog(file) || place.file.path === 'components/devices/DeviceDialogs.vue'
      const opened = isOpened ? this.wholeReach(file) : []
      return new Set([...place.guards, ...this.inheritedBy(place.file), ...opened])
    })
    const [first, ...others] = guards
    const common = first === undefined ? [] : [...first].filter((each) => others.every((other) => isHeld(each, other)))
    const found = new Set([...(view === undefined ? [] : [view]), ...common])
    this.inherited.set(file.path, found)
    return found
  }

  private isDialog({ path, template }: SourceFile): boolean {
    if (DIALOGS.includes(path)) return true
    const file = this.files.get(path)
    const root = template?.children.find((node) => node.type === NodeTypes.ELEMENT)
    if (file === undefined || root === undefined) return false
    const inner = this.componentOf(file, root)
    return inner !== null && inner !== file && this.isDialog(inner)
  }

  private componentOf(file: SourceFile, element: ElementNode): SourceFile | null {
    const from = file.imports.get(element.tag)
    return from?.path.endsWith('.vue') === true ? (this.files.get(from.path) ?? null) : null
  }

  /** What a handler leads to: by the functions it names, and by the dialogs that its variables open. */
  private reachOf(file: SourceFile, code: ts.SourceFile): Set<Permission> {
    const names = namesIn(code)
    const found = this.reachOfNames(file, names)
    for (const { file: at, element } of this.places) {
      if (at !== file) continue
      const child = this.componentOf(file, element)
      const condition = conditionOf(element)
      if (child === null || condition === null || !this.isDialog(child)) continue
      const opens = [...namesIn(parseExpression(condition))].some((name) => this.mentions(file, names, name))
      if (opens) for (const each of this.openedBy(file, child, element)) found.add(each)
    }
    return found
  }

  /** A dialog can do what its own script does, and what its place has it do. */
  private openedBy(file: SourceFile, child: SourceFile, element: ElementNode): Set<Permission> {
    const bound = element.props.flatMap((prop) =>
      prop.type === NodeTypes.DIRECTIVE && prop.name === 'bind' && prop.exp !== undefined ? [prop.exp.loc.source] : [],
    )
    const here = bound.flatMap((text) => [...this.reachOfNames(file, namesIn(parseExpression(text)))])
    return new Set([...this.wholeReach(child), ...here])
  }

  /** Whether names of a handler are a variable, or a function of the component that uses it. */
  private mentions(file: SourceFile, names: ReadonlySet<string>, variable: string): boolean {
    if (!file.declarations.has(variable)) return false
    return [...names].some((name) => {
      if (name === variable) return true
      const declared = file.declarations.get(name)
      return declared !== undefined && ts.isFunctionDeclaration(declared) && namesIn(declared).has(variable)
    })
  }

  /** What a component does by its script, and by what its template names. */
  private wholeReach(file: SourceFile): Set<Permission> {
    const names = new Set(file.declarations.keys())
    for (const place of this.places) {
      if (place.file !== file) continue
      for (const { exp } of place.element.props.filter(isDirective)) {
        if (exp !== undefined) for (const name of namesIn(parseExpression(exp.loc.source))) names.add(name)
      }
    }
    return this.reachOfNames(file, names)
  }

  private reachOfNames(file: SourceFile, names: ReadonlySet<string>): Set<Permission> {
    return new Set([...names].flatMap((name) => [...this.reachOfName(file, name)]))
  }

  private reachOfName(file: SourceFile, name: string): ReadonlySet<Permission> {
    const from = file.imports.get(name)
    if (from !== undefined) {
      const other = this.files.get(from.path)
      const isEnd = other === undefined || from.path.endsWith('.vue') || ITEM_FILES.includes(from.path)
      return isEnd ? new Set() : this.reachOfName(other, from.name)
    }
    const declared = file.declarations.get(name)
    if (declared === undefined) return new Set()
    const key = `${file.path}#${name}`
    const known = this.reached.get(key)
    if (known !== undefined) return known
    const found = new Set<Permission>()
    this.reached.set(key, found)
    const own = this.needs.get(key)
    if (own !== undefined) found.add(own)
    if (file.path === 'stores/dialogs.ts') for (const each of this.dialogReach(declared)) found.add(each)
    for (const each of this.reachOfNames(file, namesIn(declared))) found.add(each)
    return found
  }

  /** What the dialog needs that a function of `stores/dialogs.ts` opens. */
  private dialogReach(declared: ts.Node): Set<Permission> {
    const kind = /open\(\{ kind: '([\w-]+)'/.exec(declared.getText())?.[1]
    const frame = this.files.get('components/devices/DeviceDialogs.vue')
    if (kind === undefined || frame === undefined) return new Set()
    const places = this.places.filter(({ file }) => file === frame)
    const place =
      places.find(({ element }) => conditionOf(element)?.includes(`'${kind}'`)) ??
      places.find(({ element }) => element.props.some(({ name }) => name === 'else'))
    const child = place === undefined ? null : this.componentOf(frame, place.element)
    return child === null ? new Set() : this.wholeReach(child)
  }
}

function isHeld(needed: Permission, held: Guards): boolean {
  return [...held].some((each) => (needed === 'account' || each === 'account' ? each === needed : RANK[each] >= RANK[needed]))
}

/** The guards that an element has itself: `v-needs="'operate'"`, or `v-if` with `may('operate')`. */
function guardsOf(element: ElementNode): Permission[] {
  return element.props.flatMap((prop) => {
    if (prop.type !== NodeTypes.DIRECTIVE || prop.exp === undefined) return []
    const text = prop.exp.loc.source
    if (prop.name === 'needs') return [...text.matchAll(/'(\w+)'/g)].map(([, each]) => each as Permission)
    // A condition with `||` may hold otherwise.
    if (!['if', 'else-if'].includes(prop.name) || text.includes('||')) return []
    return [...text.matchAll(/(?<!!)may\('(\w+)'\)/g)].map(([, each]) => each as Permission)
  })
}

/** Handlers, with the names of their events, and addresses. */
function actionsOf(element: ElementNode): { event: string | null; code: ts.SourceFile }[] {
  return element.props.filter(isDirective).flatMap(({ name, arg, exp }) => {
    const at = arg?.loc.source
    const isAction = name === 'on' || (name === 'bind' && at === 'href')
    if (exp === undefined || at === undefined || !isAction) return []
    return [{ event: name === 'on' ? at : null, code: parseExpression(exp.loc.source) }]
  })
}

function conditionOf(element: ElementNode): string | null {
  const found = element.props.filter(isDirective).find(({ name }) => name === 'if' || name === 'else-if')
  return found?.exp?.loc.source ?? null
}

function isDirective(prop: AttributeNode | DirectiveNode): prop is DirectiveNode {
  return prop.type === NodeTypes.DIRECTIVE
}

function propertyOf(object: ts.ObjectLiteralExpression, name: string): ts.Expression | null {
  const found = object.properties.find((each) => ts.isPropertyAssignment(each) && each.name.getText() === name)
  return found !== undefined && ts.isPropertyAssignment(found) ? found.initializer : null
}

function startTag(element: ElementNode): string {
  return element.loc.source.split('\n').map((line) => line.trim()).join(' ').slice(0, 160)
}
