import type Sigma from 'sigma'
import { EdgeProgram, type EdgeProgramType, type ProgramInfo } from 'sigma/rendering'
import type { EdgeDisplayData, NodeDisplayData, RenderParams } from 'sigma/types'
import { bandCorners, repeatVertex } from './vertexBuffers'
import { pack } from './color'
import { EDGE_FRAGMENT, EDGE_VERTEX } from './edgeShader'
import type { Rgb } from './colorScheme'
import type { Frame } from './frameState'

/** What the scene keeps in an edge's attributes. */
export interface EdgeArt {
  stroke: Rgb
  /** In pixels at the usual zoom. */
  width: number
  /** 0 whole, 1 dead, 2 impaired, 3 short of reserve. */
  pattern: number
  showFrom: number
  /** 0: for ever. */
  hideFrom: number
  /** 1 on a traced path, -1 dimmed, else 0. */
  trace: number
  /** When the light reaches it, 0 to 1. */
  order: number
}

const UNIFORMS = [
  'u_matrix',
  'u_viewport',
  'u_scale',
  'u_is_curved',
  'u_lit',
  'u_accent',
  'u_feather',
] as const

/** Steps of a curve: smooth enough at any length that fits a screen. */
export const CURVE_STEPS = 24
/** Numbers of a vertex, with its corner. */
const NUMBERS = 13

/** The program that draws links, in one step (straight) or several (a curve). */
export function edgeProgram(frame: Frame, steps: number): EdgeProgramType {
  const corners = bandCorners(steps)
  return class extends EdgeProgram<(typeof UNIFORMS)[number]> {
    private firstScale = Infinity
    private isDirty = true

    /** No pass for picking: the scene finds devices by itself, and shaders compile slowly. */
    constructor(gl: WebGLRenderingContext, _picking: WebGLFramebuffer | null, renderer: Sigma) {
      super(gl, null, renderer)
    }

    getDefinition() {
      const { FLOAT, UNSIGNED_BYTE, TRIANGLE_STRIP } = WebGLRenderingContext
      return {
        VERTICES: corners.length,
        VERTEX_SHADER_SOURCE: EDGE_VERTEX,
        FRAGMENT_SHADER_SOURCE: EDGE_FRAGMENT,
        METHOD: TRIANGLE_STRIP,
        UNIFORMS,
        ATTRIBUTES: [
          { name: 'a_ends', size: 4, type: FLOAT },
          { name: 'a_color', size: 4, type: UNSIGNED_BYTE, normalized: true },
          { name: 'a_line', size: 4, type: FLOAT },
          { name: 'a_trace', size: 2, type: FLOAT },
          { name: 'a_step', size: 2, type: FLOAT },
        ],
      }
    }

    override reallocate(capacity: number): void {
      this.firstScale = Infinity
      this.isDirty = true
      super.reallocate(capacity)
    }

    override processVisibleItem(
      _index: number,
      at: number,
      from: NodeDisplayData,
      to: NodeDisplayData,
      data: EdgeDisplayData,
    ): void {
      const art = data as EdgeDisplayData & EdgeArt
      const array = this.array
      const start = at
      this.isDirty = true
      this.firstScale = Math.min(this.firstScale, art.showFrom)
      array[at++] = from.x
      array[at++] = from.y
      array[at++] = to.x
      array[at++] = to.y
      array[at++] = pack(art.stroke)
      array[at++] = art.width
      array[at++] = art.pattern
      array[at++] = art.showFrom
      array[at++] = art.hideFrom
      array[at++] = art.trace
      array[at++] = art.order
      repeatVertex(array, start, NUMBERS, corners)
    }

    protected override bindProgram(program: ProgramInfo): void {
      const { gl, buffer } = program
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
      let offset = 0
      for (const attribute of this.ATTRIBUTES) {
        offset += this.bindAttribute(attribute, program, offset)
      }
      if (this.isDirty) gl.bufferData(gl.ARRAY_BUFFER, this.array, gl.DYNAMIC_DRAW)
      this.isDirty = false
      gl.bindBuffer(gl.ARRAY_BUFFER, null)
    }

    override render(params: RenderParams): void {
      if (frame.scale >= this.firstScale * 0.9) super.render(params)
    }

    setUniforms(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
      // What a shader does not use has no location.
      const at = (name: (typeof UNIFORMS)[number]): WebGLUniformLocation | null =>
        uniformLocations[name] ?? null
      gl.uniformMatrix3fv(at('u_matrix'), false, params.matrix)
      gl.uniform2f(at('u_viewport'), params.width, params.height)
      gl.uniform1f(at('u_scale'), frame.scale)
      gl.uniform1f(at('u_is_curved'), steps > 1 ? 1 : 0)
      gl.uniform1f(at('u_lit'), frame.lit)
      gl.uniform3fv(at('u_accent'), frame.look.accent)
      gl.uniform1f(at('u_feather'), 0.6 / params.pixelRatio)
    }
  }
}
