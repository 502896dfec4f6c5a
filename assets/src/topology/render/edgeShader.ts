/** Edges: straight drops, and trunks that leave and arrive vertically. */

export const EDGE_VERTEX = `
attribute vec2 a_step;
attribute vec4 a_ends;
attribute vec4 a_color;
attribute vec4 a_line;
attribute vec2 a_trace;

uniform mat3 u_matrix;
uniform vec2 u_viewport;
uniform float u_scale;
uniform float u_is_curved;
uniform float u_trace_progress;
uniform vec3 u_accent;

varying vec4 v_color;
varying float v_across;
varying float v_half;
varying float v_along;
varying float v_pattern;
varying float v_alpha;

void main() {
  // a_line: width, pattern, lowest and highest scale.
  float shown = smoothstep(a_line.z * 0.97, a_line.z * 1.02 + 1e-9, u_scale);
  float hidden = a_line.w > 0.0 ? smoothstep(a_line.w * 0.99, a_line.w * 1.04, u_scale) : 0.0;
  float traced = step(0.5, a_trace.x) * step(a_trace.y, u_trace_progress);
  v_alpha = shown * (1.0 - hidden);
  float dimmed = a_trace.x < -0.5 ? 0.2 : 1.0;
  vec2 half_view = u_viewport * 0.5;
  vec2 from = (u_matrix * vec3(a_ends.xy, 1.0)).xy * half_view;
  vec2 to = (u_matrix * vec3(a_ends.zw, 1.0)).xy * half_view;
  float t = a_step.x;
  vec2 chord = to - from;
  float bend = u_is_curved * smoothstep(0.02, 0.16, abs(chord.y) / (abs(chord.x) + 1.0)) * 0.5;
  vec2 first = from + vec2(chord.x * (1.0 - 2.0 * bend) / 3.0, chord.y * (1.0 + bend) / 3.0);
  vec2 second = to - vec2(chord.x * (1.0 - 2.0 * bend) / 3.0, chord.y * (1.0 + bend) / 3.0);
  float u = 1.0 - t;
  vec2 at = u * u * u * from + 3.0 * u * u * t * first + 3.0 * u * t * t * second + t * t * t * to;
  vec2 slope = 3.0 * u * u * (first - from) + 6.0 * u * t * (second - first) + 3.0 * t * t * (to - second);
  vec2 normal = normalize(vec2(-slope.y, slope.x) + 1e-6);
  float width = max(a_line.x, traced * 3.0) * clamp(0.5 + u_scale * 1.6, 0.6, 1.3);
  v_half = width * 0.5;
  v_across = a_step.y * (v_half + 1.0);
  at += normal * v_across;
  v_along = t * length(chord);
  v_pattern = traced > 0.5 && a_line.y < 0.5 ? 0.0 : a_line.y;
  v_color = traced > 0.5 && a_line.y < 0.5 ? vec4(u_accent, 1.0) : a_color * dimmed;
  gl_Position = vec4(at / half_view, 0.0, 1.0);
  if (v_alpha < 0.01) gl_Position = vec4(2.0, 2.0, 0.0, 1.0);
}
`

export const EDGE_FRAGMENT = `
precision highp float;

varying vec4 v_color;
varying float v_across;
varying float v_half;
varying float v_along;
varying float v_pattern;
varying float v_alpha;

uniform float u_feather;

void main() {
  float cover = 1.0 - smoothstep(v_half - u_feather, v_half + u_feather, abs(v_across));
  // 1 short dashes, 2 long dashes, 3 dots.
  if (v_pattern > 2.5) cover *= step(fract(v_along / 6.0), 0.4);
  else if (v_pattern > 1.5) cover *= step(fract(v_along / 14.0), 0.72);
  else if (v_pattern > 0.5) cover *= step(fract(v_along / 8.0), 0.55);
  float alpha = cover * v_alpha * v_color.a;
  gl_FragColor = vec4(v_color.rgb / max(v_color.a, 1e-4) * alpha, alpha);
}
`
