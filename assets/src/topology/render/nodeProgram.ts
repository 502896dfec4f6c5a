import type Sigma from 'sigma'
import { NodeProgram, type NodeProgramType, type ProgramInfo } from 'sigma/rendering'
import type { NodeDisplayData, RenderParams } from 'sigma/types'
import { ATLAS_CELLS } from './iconAtlas'
import { repeatVertex, SQUARE } from './vertexBuffers'
import { pack } from './color'
import type { Frame, NodeArt } from './frameState'
import { NODE_FRAGMENT, NODE_VERTEX } from './nodeShader'

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

/** Numbers of a vertex, without its corner. */
const NUMBERS = 15
const POINT_DEFINE = '#define AS_POINT\n'

/**
 * The program that draws devices; one class per scene, for sigma makes the instances. As points,
 * one vertex suffices, but what reaches over the edge of the canvas is left out: for the small.
 */
export function nodeProgram(frame: Frame, asPoints: boolean): NodeProgramType {
  const define = asPoints ? POINT_DEFINE : ''
  return class extends NodeProgram<(typeof UNIFORMS)[number]> {
    private texture: WebGLTexture | null = null
    private uploaded: HTMLCanvasElement | null = null
    /** Below this scale nothing of this program is drawn. */
    private firstScale = Infinity
    /** Whether the buffer differs from the array. */
    private isDirty = true

    /** No pass for picking: the scene finds devices by itself, and shaders compile slowly. */
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
      this.firstScale = Infinity
      this.isDirty = true
      super.reallocate(capacity)
    }

    override processVisibleItem(_index: number, at: number, data: NodeDisplayData): void {
      const art = data as NodeDisplayData & NodeArt
      const array = this.array
      const from = at
      this.isDirty = true
      this.firstScale = Math.min(this.firstScale, art.showFrom)
      array[at++] = art.x
      array[at++] = art.y
      array[at++] = pack(art.fill)
      array[at++] = art.size
      array[at++] = art.minPx
      array[at++] = art.maxPx
      array[at++] = art.showFrom
      array[at++] = art.hideFrom
      array[at++] = art.foldUntil
      array[at++] = art.shape
      array[at++] = art.icon
      array[at++] = art.trouble
      array[at++] = art.strength
      array[at++] = art.downShare
      array[at++] = art.degradedShare
      if (!asPoints) repeatVertex(array, from, NUMBERS + 2, SQUARE)
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
      const { look } = frame
      gl.uniformMatrix3fv(at('u_matrix'), false, params.matrix)
      gl.uniform2f(at('u_viewport'), params.width, params.height)
      gl.uniform1f(at('u_scale'), frame.scale)
      gl.uniform1f(at('u_pixel_ratio'), params.pixelRatio)
      gl.uniform1f(at('u_cells'), ATLAS_CELLS)
      gl.uniform1f(at('u_sharp'), params.pixelRatio)
      gl.uniform3fv(at('u_ring'), look.lineStrong)
      gl.uniform3fv(at('u_ink'), look.textSoft)
      gl.uniform3fv(at('u_down'), look.down)
      gl.uniform3fv(at('u_degraded'), look.degraded)
      gl.uniform3fv(at('u_ground'), look.ground)
      this.bindIcons(gl)
      gl.uniform1i(at('u_icons'), 0)
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
