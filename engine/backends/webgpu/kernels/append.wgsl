// Writes the keys or values of new tokens into a page as f16 (behind `pair-*.wgsl` and `vector.wgsl`). A workgroup a vector.
//
//   page f16 [page heads, page tokens, SIZE]

struct Shape {
  stride: u32,         // elements a row of the source
  offset: u32,         // where in a row this part begins
  first_position: u32, // of the source's row 0
  first_row: u32,      // of the source, the first that goes into this page
  slot: u32,           // where in the page it goes
  page_tokens: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
// For each page head: which KV head of the model it is.
@group(0) @binding(5) var<storage, read> heads: array<u32>;
@group(0) @binding(6) var<storage, read_write> page: array<Pair>;

@compute @workgroup_size(WORKGROUP)
fn append(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = shape.first_row + group.x;
  load_vector(row * shape.stride + shape.offset + heads[group.y] * SIZE, thread);
  let position = shape.first_position + row;
  let words = SIZE / 2u;
  let at = (group.y * shape.page_tokens + shape.slot + group.x) * words;
  for (var word = thread; word < words; word += WORKGROUP) {
    page[at + word] = narrow(vec2f(rotated(2u * word, position), rotated(2u * word + 1u, position)));
  }
}
