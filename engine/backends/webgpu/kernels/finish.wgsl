// Ends `prefill`: divides what was gathered by the sums of the exponentials and lays it out as the graph wants it.
//
//   gathered f32 [query heads, rows, SIZE]    sums f32 [query heads, rows]
//   output   f32 or f16 [rows, query heads, SIZE]
//
// An invocation a pair of elements.

override SIZE: u32;
override OUTPUT_IS_HALF: bool = false;
override WORKGROUP: u32 = 64;

struct Shape {
  rows: u32,
  query_heads: u32,
  first_row: u32,      // of the output, where row 0 goes
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> gathered: array<vec2f>;
@group(0) @binding(2) var<storage, read> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn finish(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let words = SIZE / 2u;
  let index = id.x + id.y * groups.x * WORKGROUP;
  if (index >= shape.rows * shape.query_heads * words) { return; }
  let word = index % words;
  let head = index / words % shape.query_heads;
  let row = index / words / shape.query_heads;
  let from_row = head * shape.rows + row;
  let slot = ((shape.first_row + row) * shape.query_heads + head) * words + word;
  let pair = gathered[from_row * words + word] / sums[from_row];
  if (OUTPUT_IS_HALF) {
    output[slot] = pack2x16float(pair);
  } else {
    output[2u * slot] = bitcast<u32>(pair.x);
    output[2u * slot + 1u] = bitcast<u32>(pair.y);
  }
}
