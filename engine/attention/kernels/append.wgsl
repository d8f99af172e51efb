// Writes the keys or values of new tokens into a page as f16.
//
//   source  f32 [heads, rows, SIZE]        of all KV heads of the layer
//   page    f16 [page heads, PAGE, SIZE]   two to a u32
//
// A page holds only the heads that keep this part of the cache here; `head_of` names them. One invocation a pair.

override SIZE: u32;
override PAGE: u32;
override WORKGROUP: u32 = 64;

struct Shape {
  rows: u32,         // of the source
  first_row: u32,       // first row of the source that goes into this page
  count: u32,        // rows that go into this page
  slot: u32,         // where in the page the first of them goes
  heads: u32,        // page heads
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> source: array<vec2f>;
@group(0) @binding(2) var<storage, read> head_of: array<u32>;
@group(0) @binding(3) var<storage, read_write> page: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn append(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pairs = SIZE / 2u;
  let index = id.x + id.y * groups.x * WORKGROUP;
  if (index >= shape.heads * shape.count * pairs) { return; }
  let pair = index % pairs;
  let row = index / pairs % shape.count;
  let head = index / pairs / shape.count;
  let value = source[(head_of[head] * shape.rows + shape.first_row + row) * pairs + pair];
  page[(head * PAGE + shape.slot + row) * pairs + pair] = pack2x16float(value);
}
