// In front of `append` and `queries`: loads one head's vector of one row from the graph's own tensor, normalises it (RMS,
// where the attention node carries the weights) and rotates it (RoPE, where the node carries the caches).
//
//   source  f32 or f16 [rows, stride]      the vector begins at row · stride + offset + head · SIZE
//   weights f32 [SIZE]                     cosines, sines f32 [positions, HALF]

override SIZE: u32;
override SOURCE_IS_HALF: bool = false;
override NORM: bool = false;
override EPSILON: f32 = 1e-6;
override HALF: u32 = 0;              // elements of a rotary cache's row; 2·HALF elements are rotated, 0: none
override INTERLEAVED: bool = false;
override WORKGROUP: u32 = 32;

@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> cosines: array<f32>;
@group(0) @binding(4) var<storage, read> sines: array<f32>;

var<workgroup> vector: array<f32, SIZE>;

fn source_element(index: u32) -> f32 {
  if (SOURCE_IS_HALF) {
    let both = unpack2x16float(source[index / 2u]);
    return select(both.x, both.y, index % 2u == 1u);
  }
  return bitcast<f32>(source[index]);
}

// To be called by all invocations of a workgroup alike.
fn load_vector(first: u32, thread: u32) {
  for (var element = thread; element < SIZE; element += WORKGROUP) { vector[element] = source_element(first + element); }
  workgroupBarrier();
  if (NORM) {
    var squares = 0.0;
    for (var element = 0u; element < SIZE; element++) { squares += vector[element] * vector[element]; }
    workgroupBarrier();
    let factor = inverseSqrt(squares / f32(SIZE) + EPSILON);
    for (var element = thread; element < SIZE; element += WORKGROUP) { vector[element] *= factor * weights[element]; }
    workgroupBarrier();
  }
}

fn rotated(element: u32, position: u32) -> f32 {
  let own = vector[element];
  if (element >= 2u * HALF) { return own; }
  var pair = element % max(HALF, 1u);
  var second = element >= HALF;
  var partner = select(element + HALF, element - HALF, second);
  if (INTERLEAVED) {
    pair = element / 2u;
    second = element % 2u == 1u;
    partner = element ^ 1u;
  }
  let cosine = cosines[position * HALF + pair];
  let sine = sines[position * HALF + pair];
  return own * cosine + vector[partner] * select(-sine, sine, second);
}
