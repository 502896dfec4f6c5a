import type Sigma from 'sigma'
import { EdgeProgram, type EdgeProgramType, type ProgramInfo } from 'sigma/rendering'
import type { EdgeDisplayData, NodeDisplayData, RenderParams } from 'sigma/types'
import { packColor } from './color'
import { EDGE_FRAGMENT, EDGE_VERTEX } from './edgeShader'
import type { ProgramFrame } from './frame'
import type { EdgeStyle } from './style'
import { bandCorners, repeatVertex } from './vertexBuffers'

const UNIFORMS = [
  'u_matrix',
  'u_viewport',
  'u_scale',
  'u_is_curved',
  'u_trace_progress',
  'u_accent',
  'u_feather',
] as const

/** Steps of a curve: smooth enough at any length that fits a screen. */
export const CURVE_STEPS = 24
/** Floats per vertex, with its corner. */
const VERTEX_FLOATS = 13

/** The program that draws edges: straight with one step, curved with several. */
export function edgeProgram(frame: ProgramFrame, steps: number): EdgeProgramType {
  const corners = bandCorners(steps)
  return class extends EdgeProgram<(typeof UNIFORMS)[number]> {
    /** No edge of this program is drawn below this scale. */
    private lowestScale = Infinity
    /** Whether the array has changed since it was uploaded. */
    private isDirty = true

    /** No picking pass: the scene finds nodes itself, and shaders compile slowly. */
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
      this.lowestScale = Infinity
      this.isDirty = true
      super.reallocate(capacity)
    }

    override processVisibleItem(
      _index: number,
      offset: number,
      from: NodeDisplayData,
      to: NodeDisplayData,
      data: EdgeDisplayData,
    ): void {
      const style = data as EdgeDisplayData & EdgeStyle
      const array = this.array
      const start = offset
      this.isDirty = true
      this.lowestScale = Math.min(this.lowestScale, style.minScale)
      array[offset++] = from.x
      array[offset++] = from.y
      array[offset++] = to.x
      array[offset++] = to.y
      array[offset++] = packColor(style.stroke)
      array[offset++] = style.width
      array[offset++] = style.pattern
      array[offset++] = style.minScale
      array[offset++] = style.maxScale
      array[offset++] = style.trace
      array[offset++] = style.order
      repeatVertex(array, start, VERTEX_FLOATS, corners)
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
      if (frame.scale >= this.lowestScale * 0.9) super.render(params)
    }

    setUniforms(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
      // A uniform that the shader does not use has no location.
      const location = (name: (typeof UNIFORMS)[number]): WebGLUniformLocation | null =>
        uniformLocations[name] ?? null
      gl.uniformMatrix3fv(location('u_matrix'), false, params.matrix)
      gl.uniform2f(location('u_viewport'), params.width, params.height)
      gl.uniform1f(location('u_scale'), frame.scale)
      gl.uniform1f(location('u_is_curved'), steps > 1 ? 1 : 0)
      gl.uniform1f(location('u_trace_progress'), frame.traceProgress)
      gl.uniform3fv(location('u_accent'), frame.colors.accent)
      gl.uniform1f(location('u_feather'), 0.6 / params.pixelRatio)
    }
  }
}
