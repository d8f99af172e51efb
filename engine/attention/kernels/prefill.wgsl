// Attention of many rows over one span, added to a running state: online softmax (Milakov & Gimelshein 2018), tiled as in
// FlashAttention (Dao et al. 2022). Dispatched once a span; any order of spans gives the same state up to rounding,
//
//   m' = max(m, max s)   l' = l·exp(m − m') + Σ exp(s − m')   o' = o·exp(m − m') + Σ exp(s − m')·v
//
// and after the last one `finish` divides. A workgroup takes ROWS query rows of one KV head (the rows of all its query
// heads, folded) and goes over the span KEYS tokens at a time; LANES invocations share a row.
//
//   queries f32 [query heads, rows, SIZE]       keys, values f16 pages [page heads, page tokens, SIZE]
//   gathered f32 [query heads, rows, SIZE]      peaks, sums f32 [query heads, rows]

override SIZE: u32;
override ROWS: u32 = 32;
override KEYS: u32 = 32;
override LANES: u32 = 4;
override THREADS: u32 = 128;          // ROWS · LANES
override QUERY_WORDS: u32;            // ROWS · SIZE
override TILE_WORDS: u32;             // KEYS · SIZE / 2
override SCORE_WORDS: u32;            // ROWS · KEYS
override SHARE: u32;                  // SIZE / LANES, elements of the output a lane holds
override SOFTCAP: f32 = 0.0;
override SCALE: f32;

struct Shape {
  rows: u32,           // query rows of the call
  ratio: u32,          // query heads a KV head
  first_position: u32, // of row 0; row r sees tokens up to first_position + r
  start: u32,          // token of the first slot that is looked at
  count: u32,          // tokens of the span
  key_slot: u32,       // slot of `start` in the key page
  value_slot: u32,     // and in the value page
  key_page: u32,       // tokens a key page
  value_page: u32,     // tokens a value page
  first: u32,          // 1: nothing has been gathered yet
  window: u32,         // tokens a row sees, itself included
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<Pair>;
@group(0) @binding(3) var<storage, read> values: array<Pair>;
// For each KV head of this dispatch: which one of the model it is, and where it lies in the two pages.
@group(0) @binding(4) var<storage, read> places: array<vec3u>;
@group(0) @binding(5) var<storage, read_write> gathered: array<f32>;
@group(0) @binding(6) var<storage, read_write> peaks: array<f32>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;

var<workgroup> query_tile: array<f32, QUERY_WORDS>;
var<workgroup> tile: array<Pair, TILE_WORDS>;
var<workgroup> scores: array<f32, SCORE_WORDS>;

fn load_tile(base: u32, count: u32, of_keys: bool, thread: u32) {
  let words = SIZE / 2u;
  for (var word = thread; word < KEYS * words; word += THREADS) {
    var loaded = Pair();
    if (word < count * words) {
      if (of_keys) { loaded = keys[base + word]; } else { loaded = values[base + word]; }
    }
    tile[word] = loaded;
  }
}

fn capped(score: f32) -> f32 {
  if (SOFTCAP > 0.0) { return SOFTCAP * tanh(score / SOFTCAP); }
  return score;
}

@compute @workgroup_size(THREADS)
fn prefill(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let words = SIZE / 2u;
  // x: the model's KV head, y: its place in the key page, z: its place in the value page.
  let place = places[group.y];
  let local_row = thread / LANES;
  let lane = thread % LANES;
  let folded = shape.ratio * shape.rows;
  let first_folded = group.x * ROWS;
  let own = first_folded + local_row;
  let lives = own < folded;
  // Rows of a KV head's query heads lie behind each other: [ratio, rows] is one run.
  let run = place.x * folded;
  for (var index = thread; index < QUERY_WORDS; index += THREADS) {
    var loaded = 0.0;
    if (first_folded + index / SIZE < folded) { loaded = queries[(run + first_folded) * SIZE + index] * SCALE; }
    query_tile[index] = loaded;
  }
  let position = shape.first_position + own % shape.rows;
  var peak = -3.0e38;
  var sum = 0.0;
  let goes_on = lives && shape.first == 0u;
  if (goes_on) {
    peak = peaks[run + own];
    sum = sums[run + own];
  }
  var held: array<f32, 64>;
  for (var index = 0u; index < SHARE; index++) {
    held[index] = 0.0;
    if (goes_on) { held[index] = gathered[(run + own) * SIZE + lane * SHARE + index]; }
  }
  for (var begin = 0u; begin < shape.count; begin += KEYS) {
    let count = min(KEYS, shape.count - begin);
    workgroupBarrier();
    load_tile((place.y * shape.key_page + shape.key_slot + begin) * words, count, true, thread);
    workgroupBarrier();
    for (var key = lane; key < KEYS; key += LANES) {
      var score = -3.0e38;
      let token = shape.start + begin + key;
      if (key < count && token <= position && position - token < shape.window) {
        var dot = 0.0;
        for (var word = 0u; word < words; word++) {
          let pair = wide(tile[key * words + word]);
          dot += query_tile[local_row * SIZE + 2u * word] * pair.x + query_tile[local_row * SIZE + 2u * word + 1u] * pair.y;
        }
        score = capped(dot);
      }
      scores[local_row * KEYS + key] = score;
    }
    workgroupBarrier();
    load_tile((place.z * shape.value_page + shape.value_slot + begin) * words, count, false, thread);
    var top = peak;
    for (var key = 0u; key < KEYS; key++) { top = max(top, scores[local_row * KEYS + key]); }
    let shrink = exp(peak - top);
    sum *= shrink;
    for (var index = 0u; index < SHARE; index++) { held[index] *= shrink; }
    workgroupBarrier();
    for (var key = 0u; key < count; key++) {
      let score = scores[local_row * KEYS + key];
      if (score > -2.0e38) {
        let weight = exp(score - top);
        sum += weight;
        for (var index = 0u; index < SHARE; index += 2u) {
          let pair = wide(tile[key * words + (lane * SHARE + index) / 2u]);
          held[index] += weight * pair.x;
          held[index + 1u] += weight * pair.y;
        }
      }
    }
    peak = top;
  }
  if (lives) {
    for (var index = 0u; index < SHARE; index++) { gathered[(run + own) * SIZE + lane * SHARE + index] = held[index]; }
    if (lane == 0u) {
      peaks[run + own] = peak;
      sums[run + own] = sum;
    }
  }
}
