import type Sigma from 'sigma'
import { NodeProgram, type NodeProgramType, type ProgramInfo } from 'sigma/rendering'
import type { NodeDisplayData, RenderParams } from 'sigma/types'
import { packColor } from './color'
import type { ProgramFrame } from './frame'
import { ATLAS_CELLS } from './iconAtlas'
import { NODE_FRAGMENT, NODE_VERTEX } from './nodeShader'
import type { NodeStyle } from './style'
import { repeatVertex, SQUARE } from './vertexBuffers'

const UNIFORMS = [
  'u_matrix',
  'u_viewport',
  'u_scale',
  'u_pixel_ratio',
  'u_icons',
  'u_cells',
  'u_sharp',
  'u_ring',
  'u_ink',
  'u_down',
  'u_degraded',
  'u_ground',
] as const

/** Floats per vertex, without its corner. */
const VERTEX_FLOATS = 15
const POINT_DEFINE = '#define AS_POINT\n'

/**
 * The program that draws nodes; sigma makes the instance of the class. As points, a node needs one
 * vertex only, but disappears as soon as its centre leaves the canvas: for small nodes.
 */
export function nodeProgram(frame: ProgramFrame, asPoints: boolean): NodeProgramType {
  const define = asPoints ? POINT_DEFINE : ''
  return class extends NodeProgram<(typeof UNIFORMS)[number]> {
    private texture: WebGLTexture | null = null
    private uploaded: HTMLCanvasElement | null = null
    /** No node of this program is drawn below this scale. */
    private lowestScale = Infinity
    /** Whether the array has changed since it was uploaded. */
    private isDirty = true

    /** No picking pass: the scene finds nodes itself, and shaders compile slowly. */
    constructor(gl: WebGLRenderingContext, _picking: WebGLFramebuffer | null, renderer: Sigma) {
      super(gl, null, renderer)
    }

    getDefinition() {
      const { FLOAT, UNSIGNED_BYTE, POINTS, TRIANGLES } = WebGLRenderingContext
      const corner = asPoints ? [] : [{ name: 'a_corner', size: 2, type: FLOAT }]
      return {
        VERTICES: asPoints ? 1 : SQUARE.length,
        VERTEX_SHADER_SOURCE: define + NODE_VERTEX,
        FRAGMENT_SHADER_SOURCE: define + NODE_FRAGMENT,
        METHOD: asPoints ? POINTS : TRIANGLES,
        UNIFORMS,
        ATTRIBUTES: [
          { name: 'a_position', size: 2, type: FLOAT },
          { name: 'a_fill', size: 4, type: UNSIGNED_BYTE, normalized: true },
          { name: 'a_size', size: 3, type: FLOAT },
          { name: 'a_scales', size: 3, type: FLOAT },
          { name: 'a_kind', size: 4, type: FLOAT },
          { name: 'a_shares', size: 2, type: FLOAT },
          ...corner,
        ],
      }
    }

    override reallocate(capacity: number): void {
      this.lowestScale = Infinity
      this.isDirty = true
      super.reallocate(capacity)
    }

    override processVisibleItem(_index: number, offset: number, data: NodeDisplayData): void {
      const style = data as NodeDisplayData & NodeStyle
      const array = this.array
      const start = offset
      this.isDirty = true
      this.lowestScale = Math.min(this.lowestScale, style.minScale)
      array[offset++] = style.x
      array[offset++] = style.y
      array[offset++] = packColor(style.fill)
      array[offset++] = style.size
      array[offset++] = style.minPx
      array[offset++] = style.maxPx
      array[offset++] = style.minScale
      array[offset++] = style.maxScale
      array[offset++] = style.collapsedBelowScale
      array[offset++] = style.shape
      array[offset++] = style.icon
      array[offset++] = style.severity
      array[offset++] = style.opacity
      array[offset++] = style.downShare
      array[offset++] = style.degradedShare
      if (!asPoints) repeatVertex(array, start, VERTEX_FLOATS + 2, SQUARE)
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
      const { colors } = frame
      gl.uniformMatrix3fv(location('u_matrix'), false, params.matrix)
      gl.uniform2f(location('u_viewport'), params.width, params.height)
      gl.uniform1f(location('u_scale'), frame.scale)
      gl.uniform1f(location('u_pixel_ratio'), params.pixelRatio)
      gl.uniform1f(location('u_cells'), ATLAS_CELLS)
      gl.uniform1f(location('u_sharp'), params.pixelRatio)
      gl.uniform3fv(location('u_ring'), colors.lineStrong)
      gl.uniform3fv(location('u_ink'), colors.textSoft)
      gl.uniform3fv(location('u_down'), colors.down)
      gl.uniform3fv(location('u_degraded'), colors.degraded)
      gl.uniform3fv(location('u_ground'), colors.ground)
      this.bindIcons(gl)
      gl.uniform1i(location('u_icons'), 0)
    }

    private bindIcons(gl: WebGLRenderingContext | WebGL2RenderingContext): void {
      this.texture ??= gl.createTexture()
      gl.activeTexture(gl.TEXTURE0)
      gl.bindTexture(gl.TEXTURE_2D, this.texture)
      if (frame.icons === null || frame.icons === this.uploaded) return
      this.uploaded = frame.icons
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, frame.icons)
      gl.generateMipmap(gl.TEXTURE_2D)
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR)
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR)
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
    }
  }
}
