// Merges the partial results of `decode` exactly, each weighed by exp(peak − peak of all) (pod.md, Output).
//
//   partials f32 [splits, query heads, SIZE]    states f32 [splits, query heads, 2]    output f32 or f16 [query heads, SIZE]
//
// A workgroup takes one query head of a KV head of `places`, an invocation one pair of elements after the other.

override SIZE: u32;
override OUTPUT_IS_HALF: bool = false;
override WORKGROUP: u32 = 64;

struct Shape {
  splits: u32,
  query_heads: u32,
  ratio: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> partials: array<vec2f>;
@group(0) @binding(2) var<storage, read> states: array<vec2f>;
@group(0) @binding(3) var<storage, read> places: array<vec3u>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn fold(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = places[group.y].x * shape.ratio + group.x;
  var top = -3.0e38;
  for (var split = 0u; split < shape.splits; split++) { top = max(top, states[split * shape.query_heads + head].x); }
  var sum = 0.0;
  for (var split = 0u; split < shape.splits; split++) {
    let state = states[split * shape.query_heads + head];
    sum += exp(state.x - top) * state.y;
  }
  let words = SIZE / 2u;
  for (var word = thread; word < words; word += WORKGROUP) {
    var all = vec2f(0.0);
    for (var split = 0u; split < shape.splits; split++) {
      let at = split * shape.query_heads + head;
      all += exp(states[at].x - top) * partials[at * words + word];
    }
    let pair = all / sum;
    let index = head * words + word;
    if (OUTPUT_IS_HALF) {
      output[index] = pack2x16float(pair);
    } else {
      output[2u * index] = bitcast<u32>(pair.x);
      output[2u * index + 1u] = bitcast<u32>(pair.y);
    }
  }
}
