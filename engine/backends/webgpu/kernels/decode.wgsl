// Attention of one row over one span, split over its tokens (split-k): each workgroup takes SPLIT tokens and up to HEADS
// query heads of one KV head, so that a key is read once for all of them, and leaves a partial result for `fold`.
// Stands behind `pair-*.wgsl`, `soften-*.wgsl`, and a `page-*.wgsl` for keys and one for values.
//
//   queries  f32 [query heads, SIZE]            keys, values: pages, vectors [page heads, page tokens]
//   partials f32 [splits, query heads, SIZE]    not yet divided by the sum
//   states   f32 [splits, query heads, 2]       peak and sum of the exponentials

override SIZE: u32;
override SPLIT: u32 = 512;
override TILE: u32;              // tokens whose keys fit the workgroup's memory at once
override THREADS: u32 = 128;
override HEADS: u32;             // query heads a workgroup
override QUERY_WORDS: u32;       // HEADS · SIZE
override TILE_WORDS: u32;        // TILE · (SIZE / 2 + 1), a word of padding a token against bank conflicts
override SCORE_WORDS: u32;       // HEADS · TILE
override SOFTCAP: f32 = 0.0;
override SCALE: f32;

struct Shape {
  ratio: u32,          // query heads a KV head
  query_heads: u32,
  count: u32,          // tokens of the span, all of them visible
  key_slot: u32,
  value_slot: u32,
  key_page: u32,       // tokens a key page
  value_page: u32,     // tokens a value page
  first_split: u32,    // of this span in partials and states
  key_grids: u32,      // where grids begin in the key page
  value_grids: u32,    // and in the value page
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<f32>;
// For each KV head of this dispatch: which one of the model it is, and where it lies in the two pages.
@group(0) @binding(4) var<storage, read> places: array<vec3u>;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>;
@group(0) @binding(6) var<storage, read_write> states: array<vec2f>;

var<workgroup> query_tile: array<f32, QUERY_WORDS>;
var<workgroup> key_tile: array<Pair, TILE_WORDS>;
var<workgroup> scores: array<f32, SCORE_WORDS>;
var<workgroup> peaks: array<f32, HEADS>;
var<workgroup> sums: array<f32, HEADS>;
var<workgroup> shrinks: array<f32, HEADS>;
var<workgroup> gathering: array<vec2f, THREADS>;

fn capped(score: f32) -> f32 {
  if (SOFTCAP > 0.0) { return SOFTCAP * tanh(score / SOFTCAP); }
  return score;
}

@compute @workgroup_size(THREADS)
fn decode(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let words = SIZE / 2u;
  let place = places[group.y];
  let first_head = place.x * shape.ratio + group.z * HEADS;
  let heads = min(HEADS, shape.ratio - group.z * HEADS);
  let first = group.x * SPLIT;
  let to = min(shape.count, first + SPLIT);
  let key_base = place.y * shape.key_page + shape.key_slot;
  let value_base = place.z * shape.value_page + shape.value_slot;
  // In the value part an invocation holds one pair of elements, for every `parts`-th token.
  let parts = THREADS / words;
  let pair = thread % words;
  let part = thread / words;
  var gathered: array<vec2f, 8>;
  for (var head = 0u; head < HEADS; head++) { gathered[head] = vec2f(0.0); }
  for (var index = thread; index < heads * SIZE; index += THREADS) {
    query_tile[index] = queries[first_head * SIZE + index] * SCALE;
  }
  if (thread < HEADS) {
    peaks[thread] = -3.0e38;
    sums[thread] = 0.0;
  }
  for (var begin = first; begin < to; begin += TILE) {
    let count = min(TILE, to - begin);
    workgroupBarrier();
    for (var word = thread; word < count * words; word += THREADS) {
      let loaded = key_pair(key_base + begin + word / words, word % words);
      key_tile[word / words * (words + 1u) + word % words] = narrow(loaded);
    }
    workgroupBarrier();
    for (var index = thread; index < heads * count; index += THREADS) {
      let head = index / count;
      let token = index % count;
      var dot = 0.0;
      for (var word = 0u; word < words; word++) {
        let both = wide(key_tile[token * (words + 1u) + word]);
        dot += query_tile[head * SIZE + 2u * word] * both.x + query_tile[head * SIZE + 2u * word + 1u] * both.y;
      }
      scores[head * TILE + token] = capped(dot);
    }
    workgroupBarrier();
    soften(thread, heads, count);
    workgroupBarrier();
    for (var head = 0u; head < heads; head++) { gathered[head] *= shrinks[head]; }
    if (part < parts) {
      for (var token = part; token < count; token += parts) {
        let both = value_pair(value_base + begin + token, pair);
        for (var head = 0u; head < heads; head++) { gathered[head] += scores[head * TILE + token] * both; }
      }
    }
  }
  let split = shape.first_split + group.x;
  for (var head = 0u; head < heads; head++) {
    workgroupBarrier();
    gathering[thread] = gathered[head];
    workgroupBarrier();
    if (thread < words) {
      var all = gathering[thread];
      for (var other = 1u; other < parts; other++) { all += gathering[other * words + thread]; }
      let at = ((split * shape.query_heads + first_head + head) * SIZE) + 2u * thread;
      partials[at] = all.x;
      partials[at + 1u] = all.y;
    }
    if (thread == 0u) { states[split * shape.query_heads + first_head + head] = vec2f(peaks[head], sums[head]); }
  }
}
