// The KEPT highest of many scores, highest first, so that a vocabulary need not leave the device to choose one token.
// A workgroup takes SLICE scores and leaves its KEPT best; the same kernel merges what the workgroups left.
//
//   scores  f32 or f16 [count]          numbers  u32 [count], what each score is of; its index where INDEXED is false
//   best    u32 [groups, KEPT, 2]       number and the bits of the score; padded with the lowest score
//
// Equal scores: the lower number comes first, as a loop from the start would find it.

override SCORES_ARE_HALF: bool = false;
override INDEXED: bool = false;
override KEPT: u32 = 64;
override SLICE: u32 = 4096;
override WORKGROUP: u32 = 128;

const LOWEST = -3.4028234e38;

struct Shape {
  count: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> scores: array<u32>;
@group(0) @binding(2) var<storage, read_write> best: array<vec2u>;

var<workgroup> tops: array<f32, WORKGROUP>;
var<workgroup> places: array<u32, WORKGROUP>;

// Pairs of number and score where INDEXED, plain scores otherwise.
fn score_at(place: u32) -> f32 {
  if (INDEXED) { return bitcast<f32>(scores[2u * place + 1u]); }
  if (SCORES_ARE_HALF) {
    let both = unpack2x16float(scores[place / 2u]);
    return select(both.x, both.y, place % 2u == 1u);
  }
  return bitcast<f32>(scores[place]);
}

fn number_at(place: u32) -> u32 {
  if (INDEXED) { return scores[2u * place]; }
  return place;
}

// Whether a comes before b in the order of the result.
fn before(score_a: f32, number_a: u32, score_b: f32, number_b: u32) -> bool {
  return score_a > score_b || (score_a == score_b && number_a < number_b);
}

@compute @workgroup_size(WORKGROUP)
fn top(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.x * SLICE;
  let end = min(shape.count, first + SLICE);
  var last_score = 3.4028234e38;
  var last_number = 0u;
  var begun = false;
  for (var rank = 0u; rank < KEPT; rank++) {
    var score = LOWEST;
    var number = 0xffffffffu;
    for (var place = first + thread; place < end; place += WORKGROUP) {
      let own = score_at(place);
      let own_number = number_at(place);
      let left = !begun || before(last_score, last_number, own, own_number);
      if (left && before(own, own_number, score, number)) {
        score = own;
        number = own_number;
      }
    }
    tops[thread] = score;
    places[thread] = number;
    workgroupBarrier();
    for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
      if (thread < stride && before(tops[thread + stride], places[thread + stride], tops[thread], places[thread])) {
        tops[thread] = tops[thread + stride];
        places[thread] = places[thread + stride];
      }
      workgroupBarrier();
    }
    last_score = workgroupUniformLoad(&tops[0]);
    last_number = workgroupUniformLoad(&places[0]);
    begun = true;
    if (thread == 0u) { best[group.x * KEPT + rank] = vec2u(last_number, bitcast<u32>(last_score)); }
  }
}
