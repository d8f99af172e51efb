// Ends `prefill`: divides what was gathered by the sums of the exponentials. One invocation an element.
//
//   output f32 [query heads, rows, SIZE]      sums f32 [query heads, rows]

override SIZE: u32;
override WORKGROUP: u32 = 64;

@group(0) @binding(0) var<uniform> elements: u32;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn finish(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * WORKGROUP;
  if (index < elements) { output[index] /= sums[index / SIZE]; }
}
