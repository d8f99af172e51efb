// Lays the queries of new rows out head by head (behind `vector.wgsl`). A workgroup a vector.
//
//   queries f32 [query heads, rows, SIZE]

struct Shape {
  stride: u32,         // elements a row of the source
  offset: u32,         // where in a row the queries begin
  first_position: u32, // of row 0
  rows: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(5) var<storage, read_write> queries: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn queries_of_rows(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  load_vector(group.x * shape.stride + shape.offset + group.y * SIZE, thread);
  let at = (group.y * shape.rows + group.x) * SIZE;
  for (var element = thread; element < SIZE; element += WORKGROUP) {
    queries[at + element] = rotated(element, shape.first_position + group.x);
  }
}
