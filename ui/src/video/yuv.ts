/**
 * WebGL2: three one-channel textures for each source, colour conversion and round corners in the shader, one draw call a
 * tile. Not here: when to draw (Stage.svelte) and where the bytes come from (source.ts).
 */
import { BT601 } from './colour';
import { fit, type Painter, type Place } from './painter';
import { chroma, type Picture } from './source';

// p runs over the unit square; rect is the drawn part of the tile in clip space, part the shown part of the picture.
const VERTEX = `#version 300 es
in vec2 p;
uniform vec4 rect;
uniform vec4 part;
uniform vec2 size;
out vec2 texel;
out vec2 pixel;
void main() {
  texel = part.xy + p * part.zw;
  pixel = p * size;
  vec2 q = rect.xy + p * rect.zw;
  gl_Position = vec4(q.x * 2.0 - 1.0, 1.0 - q.y * 2.0, 0.0, 1.0);
}`;

// The corner is a signed distance to a round rectangle, softened over one pixel.
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D planeY;
uniform sampler2D planeU;
uniform sampler2D planeV;
uniform highp vec2 size;
uniform float radius;
in vec2 texel;
in highp vec2 pixel;
out vec4 colour;
void main() {
  float y = (texture(planeY, texel).r - 0.0625) * ${BT601.luma};
  float u = texture(planeU, texel).r - 0.5;
  float v = texture(planeV, texel).r - 0.5;
  float green = y - ${BT601.greenU} * u - ${BT601.greenV} * v;
  vec3 rgb = clamp(vec3(y + ${BT601.redV} * v, green, y + ${BT601.blueU} * u), 0.0, 1.0);
  highp vec2 corner = abs(pixel - size * 0.5) - size * 0.5 + radius;
  highp float outside = length(max(corner, 0.0)) - radius;
  float alpha = 1.0 - smoothstep(-0.5, 0.5, outside);
  colour = vec4(rgb * alpha, alpha);
}`;

interface Planes {
  width: number;
  height: number;
  textures: WebGLTexture[];
}

function program(gl: WebGL2RenderingContext): WebGLProgram | null {
  const linked = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(linked, shader);
  }
  gl.linkProgram(linked);
  return gl.getProgramParameter(linked, gl.LINK_STATUS) ? linked : null;
}

function plane(gl: WebGL2RenderingContext, width: number, height: number): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R8, width, height);
  for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.LINEAR);
  for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, axis, gl.CLAMP_TO_EDGE);
  return texture;
}

/** Everything that a lost context takes with it. */
function ready(gl: WebGL2RenderingContext): ((name: string) => WebGLUniformLocation | null) | null {
  const linked = program(gl);
  if (!linked) return null;
  gl.useProgram(linked);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(linked, 'p');
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  ['planeY', 'planeU', 'planeV'].forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(linked, name), unit));
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.clearColor(0, 0, 0, 0);
  const known = new Map<string, WebGLUniformLocation | null>();
  return (name) => {
    if (!known.has(name)) known.set(name, gl.getUniformLocation(linked, name));
    return known.get(name) ?? null;
  };
}

/** `null` where WebGL2 is missing; the caller then draws without it. */
export function glPainter(canvas: HTMLCanvasElement): Painter | null {
  // The drawing buffer is kept so that a picture can be read back from the canvas (screenshots, window tests).
  const gl = canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, preserveDrawingBuffer: true });
  if (!gl) return null;
  let uniform = ready(gl);
  if (!uniform) return null;
  const sources = new Map<string, Planes>();

  const lost = (event: Event) => {
    event.preventDefault();
    uniform = null;
    sources.clear();
  };
  const restored = () => {
    uniform = ready(gl);
  };
  canvas.addEventListener('webglcontextlost', lost);
  canvas.addEventListener('webglcontextrestored', restored);

  function forget(source: string): void {
    sources.get(source)?.textures.forEach((texture) => gl?.deleteTexture(texture));
    sources.delete(source);
  }

  function planesFor({ source, width, height }: Picture, context: WebGL2RenderingContext): Planes {
    const old = sources.get(source);
    if (old && old.width === width && old.height === height) return old;
    forget(source);
    const [halfWidth, halfHeight] = [chroma(width), chroma(height)];
    const textures = [
      plane(context, width, height),
      plane(context, halfWidth, halfHeight),
      plane(context, halfWidth, halfHeight),
    ];
    const made = { width, height, textures };
    sources.set(source, made);
    return made;
  }

  function drawOne(place: Place, planes: Planes, set: (name: string) => WebGLUniformLocation | null): void {
    if (!gl) return;
    planes.textures.forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    const { part, into } = fit(planes.width / planes.height, place.width / place.height, place.whole);
    const [width, height] = [place.width * into.width, place.height * into.height];
    const left = place.x + place.width * into.x;
    const top = place.y + place.height * into.y;
    gl.uniform4f(set('rect'), left / canvas.width, top / canvas.height, width / canvas.width, height / canvas.height);
    if (place.mirrored) gl.uniform4f(set('part'), part.x + part.width, part.y, -part.width, part.height);
    else gl.uniform4f(set('part'), part.x, part.y, part.width, part.height);
    gl.uniform2f(set('size'), width, height);
    gl.uniform1f(set('radius'), place.radius);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  return {
    kind: 'webgl2',
    forget,
    upload(picture) {
      if (!uniform) return;
      const { width, height, textures } = planesFor(picture, gl);
      const [halfWidth, halfHeight] = [chroma(width), chroma(height)];
      let at = 0;
      [[width, height], [halfWidth, halfHeight], [halfWidth, halfHeight]].forEach(([across = 0, down = 0], unit) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, textures[unit] ?? null);
        gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, across, down, gl.RED, gl.UNSIGNED_BYTE, picture.planes, at);
        at += across * down;
      });
    },
    draw(places) {
      if (!uniform) return;
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clear(gl.COLOR_BUFFER_BIT);
      for (const place of places) {
        const planes = sources.get(place.source);
        if (planes) drawOne(place, planes, uniform);
      }
    },
    close() {
      canvas.removeEventListener('webglcontextlost', lost);
      canvas.removeEventListener('webglcontextrestored', restored);
      for (const source of [...sources.keys()]) forget(source);
    },
  };
}
