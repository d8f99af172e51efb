// Rounds tokens that leave the window from an f16 page into a page of another format (`cache/format.ts`; behind `pair-*.wgsl` and
// `page-f16-quads.wgsl`, whose vectors are `rows`). An invocation a group: elements that share a grid.
//
//   rows f16 [page heads, page tokens, SIZE]      page: words of elements [page heads, page tokens, …], then a word a group

override SIZE: u32;
override WORKGROUP: u32 = 64;

struct Shape {
  count: u32,          // tokens
  row_page: u32,       // tokens a page of rows
  row_slot: u32,
  page: u32,           // tokens a page that is written
  slot: u32,
  grids: u32,          // word of the page where grids begin
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(2) var<storage, read_write> page: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn round_int8(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.count) { return; }
  let from_vector = id.y * shape.row_page + shape.row_slot + id.x;
  let vector = id.y * shape.page + shape.slot + id.x;
  let quads = SIZE / 4u;
  var largest = vec4f();
  for (var quad = 0u; quad < quads; quad++) { largest = max(largest, abs(row_quad(from_vector, quad))); }
  let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
  page[shape.grids + vector] = bitcast<u32>(most / 127.0);
  let scale = select(0.0, 1.0 / most, most > 0.0);
  for (var quad = 0u; quad < quads; quad++) {
    page[vector * quads + quad] = pack4x8snorm(row_quad(from_vector, quad) * scale);
  }
}

override GROUP: u32 = min(32u, SIZE & (~SIZE + 1u));

fn levels(quad: vec4f, grid: vec2f) -> vec4u {
  if (grid.x <= 0.0) { return vec4u(); }
  return vec4u(clamp(floor((quad - grid.y) / grid.x + 0.5), vec4f(), vec4f(15.0)));
}

@compute @workgroup_size(WORKGROUP)
fn round_int4(@builtin(global_invocation_id) id: vec3u) {
  let groups = SIZE / GROUP;
  let token = id.x / groups;
  if (token >= shape.count) { return; }
  let from_vector = id.y * shape.row_page + shape.row_slot + token;
  let vector = id.y * shape.page + shape.slot + token;
  let first = id.x % groups * GROUP / 4u;
  var least = vec4f(3.0e38);
  var most = vec4f(-3.0e38);
  for (var quad = first; quad < first + GROUP / 4u; quad++) {
    least = min(least, row_quad(from_vector, quad));
    most = max(most, row_quad(from_vector, quad));
  }
  let low = min(min(least.x, least.y), min(least.z, least.w));
  let high = max(max(most.x, most.y), max(most.z, most.w));
  let word = pack2x16float(vec2f((high - low) / 15.0, low));
  page[shape.grids + vector * groups + id.x % groups] = word;
  let grid = unpack2x16float(word);
  for (var quad = first; quad < first + GROUP / 4u; quad += 2u) {
    let a = levels(row_quad(from_vector, quad), grid);
    let b = levels(row_quad(from_vector, quad + 1u), grid);
    let low_half = a.x | (a.y << 4u) | (a.z << 8u) | (a.w << 12u);
    let high_half = b.x | (b.y << 4u) | (b.z << 8u) | (b.w << 12u);
    page[vector * (SIZE / 8u) + quad / 2u] = low_half | (high_half << 16u);
  }
}
