// Where rows look: after `prefill` has found each row's peak and sum, the shares of attention on a span's tokens.
//
//   queries f32 [query heads, rows, SIZE]     keys: pages, vectors [page heads, page tokens]
//   peaks, sums f32 [query heads, rows]
//   tops    u32 [query heads, rows]           largest share of a row on any token from the sinks on, as bits of an f32
//   mass    f32 [tokens]                      shares summed over rows and query heads, each weighted by its row's top
//
// `tops_of_rows` goes over all spans before `mass_of_tokens` does. An invocation a token. Stands behind a `page-*.wgsl` for keys.

override SIZE: u32;
override SOFTCAP: f32 = 0.0;
override SCALE: f32;
override WORKGROUP: u32 = 64;

struct Shape {
  rows: u32,
  ratio: u32,          // query heads a KV head
  first_position: u32, // of row 0; row r sees tokens up to first_position + r
  start: u32,
  count: u32,
  key_slot: u32,
  key_page: u32,       // tokens a key page
  sinks: u32,          // tokens that count for nothing
  length: u32,         // of mass
  heads: u32,          // KV heads of this span
  window: u32,         // tokens a row sees, itself included
  key_grids: u32,      // where grids begin in the key page
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<f32>;
@group(0) @binding(3) var<storage, read> places: array<vec3u>;
@group(0) @binding(4) var<storage, read> peaks: array<f32>;
@group(0) @binding(5) var<storage, read> sums: array<f32>;
@group(0) @binding(6) var<storage, read_write> tops: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read_write> mass: array<f32>;

fn share(row: u32, key: u32) -> f32 {
  let words = SIZE / 2u;
  var dot = 0.0;
  for (var word = 0u; word < words; word++) {
    let both = key_pair(key, word);
    dot += queries[row * SIZE + 2u * word] * both.x + queries[row * SIZE + 2u * word + 1u] * both.y;
  }
  var score = dot * SCALE;
  if (SOFTCAP > 0.0) { score = SOFTCAP * tanh(score / SOFTCAP); }
  return exp(score - peaks[row]) / sums[row];
}

fn sees(row: u32, token: u32) -> bool {
  let position = shape.first_position + row % shape.rows;
  return token <= position && position - token < shape.window;
}

fn counts(token: u32) -> bool { return token >= shape.sinks && token < shape.length; }

@compute @workgroup_size(WORKGROUP)
fn tops_of_rows(@builtin(global_invocation_id) id: vec3u) {
  let token = shape.start + id.x;
  if (id.x >= shape.count || !counts(token)) { return; }
  for (var head = 0u; head < shape.heads; head++) {
    let place = places[head];
    let run = place.x * shape.ratio * shape.rows;
    for (var row = 0u; row < shape.ratio * shape.rows; row++) {
      if (sees(row, token)) {
        let value = share(run + row, place.y * shape.key_page + shape.key_slot + id.x);
        atomicMax(&tops[run + row], bitcast<u32>(value));
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn mass_of_tokens(@builtin(global_invocation_id) id: vec3u) {
  let token = shape.start + id.x;
  if (id.x >= shape.count || !counts(token)) { return; }
  var all = 0.0;
  for (var head = 0u; head < shape.heads; head++) {
    let place = places[head];
    let run = place.x * shape.ratio * shape.rows;
    for (var row = 0u; row < shape.ratio * shape.rows; row++) {
      if (sees(row, token)) {
        let value = share(run + row, place.y * shape.key_page + shape.key_slot + id.x);
        all += value * bitcast<f32>(atomicLoad(&tops[run + row]));
      }
    }
  }
  mass[token] += all;
}
