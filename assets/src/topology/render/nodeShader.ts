/**
 * Nodes in one pass: body, ring, shares and icon, sized by the zoom. Kept short: without a graphics
 * card, each line is compiled to machine code before the first frame. Badges and halos, which few
 * nodes have, are drawn over them: nodeDecorations.ts.
 */

export const NODE_VERTEX = `
#ifndef AS_POINT
attribute vec2 a_corner;
#endif
attribute vec2 a_position;
attribute vec4 a_fill;
attribute vec3 a_size;
attribute vec3 a_scales;
attribute vec4 a_kind;
attribute vec2 a_shares;

uniform mat3 u_matrix;
uniform vec2 u_viewport;
uniform float u_scale;
uniform float u_pixel_ratio;

#ifdef AS_POINT
varying float v_reach;
#else
varying vec2 v_at;
#endif
varying vec4 v_fill;
varying vec4 v_kind;
varying vec3 v_shares;
varying float v_radius;
varying float v_alpha;

void main() {
  // The ranges overlap, so that groups and their members fade into each other.
  float shown = smoothstep(a_scales.x * 0.97, a_scales.x * 1.02 + 1e-9, u_scale);
  float hidden = a_scales.y > 0.0 ? smoothstep(a_scales.y * 0.99, a_scales.y * 1.04, u_scale) : 0.0;
  // a_kind: shape, icon, severity, opacity.
  v_alpha = shown * (1.0 - hidden) * a_kind.w;
  float severity = a_kind.z;
  v_radius = clamp(a_size.x * u_scale, a_size.y, a_size.z) * 0.5;
  if (severity > 0.5) v_radius = max(v_radius, min(5.5, a_size.z * 0.5));
  float is_group = step(u_scale, a_scales.z) + step(2.5, a_kind.x);
  v_shares = vec3(a_shares, is_group);
  float reach = v_radius + (severity > 0.5 ? 5.5 : 1.5);
  v_fill = a_fill;
  v_kind = a_kind;
  vec2 center = (u_matrix * vec3(a_position, 1.0)).xy;
#ifdef AS_POINT
  v_reach = reach;
  gl_PointSize = 2.0 * reach * u_pixel_ratio;
  gl_Position = vec4(center, 0.0, 1.0);
#else
  v_at = a_corner * reach;
  gl_Position = vec4(center + v_at * 2.0 / u_viewport, 0.0, 1.0);
#endif
  if (v_alpha < 0.01) gl_Position = vec4(2.0, 2.0, 0.0, 1.0);
}
`

export const NODE_FRAGMENT = `
precision highp float;

#ifdef AS_POINT
varying float v_reach;
#else
varying vec2 v_at;
#endif
varying vec4 v_fill;
varying vec4 v_kind;
varying vec3 v_shares;
varying float v_radius;
varying float v_alpha;

uniform sampler2D u_icons;
uniform float u_cells;
uniform float u_sharp;
uniform vec3 u_ring;
uniform vec3 u_ink;
uniform vec3 u_down;
uniform vec3 u_degraded;
uniform vec3 u_ground;

/** The part of a pixel that is inside. */
float cover(float distance) {
  return clamp(0.5 - distance * u_sharp, 0.0, 1.0);
}

void main() {
#ifdef AS_POINT
  vec2 v_at = vec2(gl_PointCoord.x * 2.0 - 1.0, 1.0 - gl_PointCoord.y * 2.0) * v_reach;
#endif
  float shape = v_kind.x;
  float severity = v_kind.z;
  float r = v_radius;
  bool is_square = shape > 0.5 && shape < 1.5;
  bool is_group = v_shares.z > 0.5;
  vec3 problem = severity > 1.5 ? u_down : u_degraded;
  float turn = fract(atan(v_at.x, v_at.y) * 0.15915494 + 1.0);
  float disc = length(v_at) - r;
  vec2 corner = abs(v_at) - r * 0.54;
  float square = length(max(corner, 0.0)) + min(max(corner.x, corner.y), 0.0) - r * 0.38;
  float body = is_square && !is_group ? square : disc;
  vec3 edge = is_square ? v_fill.rgb : u_ring;
  vec3 fill = v_fill.rgb;
  float border = clamp(r * 0.12, 1.0, 1.75);
  float icon_size = r * (is_square ? 0.74 : 0.66);
  vec4 color = vec4(0.0);
  if (is_group) {
    // The shares as a ring, clockwise from the top: down, degraded, the rest.
    edge = turn < v_shares.x ? u_down : turn < v_shares.x + v_shares.y ? u_degraded : u_ring;
    border = clamp(r * 0.22, 2.2, 7.0);
    icon_size = r * 0.52;
    if (r < 9.0 && v_shares.x + v_shares.y > 0.0) fill = v_shares.x > 0.0 ? u_down : u_degraded;
  } else if (severity > 0.5 && r < 6.5) {
    // Too small for a ring: the shape shows the status.
    vec2 a = abs(v_at);
    float cross_mark = max(abs(a.x - a.y) * 0.7071 - 1.6, max(a.x, a.y) - r);
    float cone = max(a.x * 0.866 + v_at.y * 0.5 + r * 0.1, -v_at.y - r * 0.1) - r * 0.72;
    body = severity > 1.5 ? cross_mark : cone;
    edge = problem;
    fill = problem;
  } else if (severity > 0.5) {
    // Dashed when degraded, so that it differs from down without colour.
    float dash = severity > 1.5 ? 1.0 : step(fract(turn * 12.0), 0.66);
    color = mix(color, vec4(problem, 1.0), cover(body - 4.5) * dash);
    color = mix(color, vec4(u_ground, 1.0), cover(body - 1.75));
  }
  color = mix(color, vec4(edge, 1.0), cover(body));
  color = mix(color, vec4(fill, 1.0), cover(body + border));
  vec2 inside = vec2(v_at.x, -v_at.y) / icon_size * 0.5 + 0.5;
  vec2 cell = vec2(mod(v_kind.y, u_cells), floor(v_kind.y / u_cells));
  vec2 within = step(0.0, inside) * step(inside, vec2(1.0));
  float icon = texture2D(u_icons, (cell + clamp(inside, 0.0, 1.0)) / u_cells).a;
  icon *= within.x * within.y * clamp((r - 6.0) * 0.33, 0.0, 1.0);
  color = mix(color, vec4(is_square ? vec3(1.0) : u_ink, 1.0), icon);
  gl_FragColor = color * v_alpha;
}
`
