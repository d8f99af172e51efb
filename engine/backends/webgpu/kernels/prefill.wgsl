// Attention of many rows over one span, added to a running state: online softmax (Milakov & Gimelshein 2018), tiled as in
// FlashAttention (Dao et al. 2022). Dispatched once a span; any order of spans gives the same state up to rounding,
//
//   m' = max(m, max s)   l' = l·exp(m − m') + Σ exp(s − m')   o' = o·exp(m − m') + Σ exp(s − m')·v
//
// and after the last one `finish` divides. A workgroup takes 4·GROUPS query rows of one KV head (the rows of all its query
// heads, folded) and goes over the span SIZE tokens at a time. An invocation holds four rows by four tokens of the scores
// and four rows by four elements of the output, so that both products are sums of outer products: two vectors read from
// the workgroup's memory for sixteen multiplications. As many tokens as a head has elements make both grids one.
//
// Stands behind a `page-*.wgsl` for keys and one for values.
//
//   queries f32 [query heads, rows, SIZE]       keys, values: pages, vectors [page heads, page tokens]
//   gathered f32 [query heads, rows, SIZE]      peaks, sums f32 [query heads, rows]

override SIZE: u32;
override GROUPS: u32;                 // of four rows
override SLICE: u32;                  // elements of the keys, then tokens of the values, held at once; divides SIZE
override LANES: u32 = SIZE / 4u;      // invocations that share four rows
override ROWS: u32 = GROUPS * 4u;
override THREADS: u32 = GROUPS * LANES;
override SOFTCAP: f32 = 0.0;
override SCALE: f32;

const LOWEST = -3.0e38;
const FOUR = vec4u(0u, 1u, 2u, 3u);

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
  key_grids: u32,      // where grids begin in the key page
  value_grids: u32,    // and in the value page
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> queries: array<vec4f>;
// For each KV head of this dispatch: which one of the model it is, and where it lies in the two pages.
@group(0) @binding(4) var<storage, read> places: array<vec3u>;
@group(0) @binding(5) var<storage, read_write> gathered: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> peaks: array<f32>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;

var<workgroup> query_tile: array<vec4f, SLICE * GROUPS>;  // [element, group]: an element of four rows
var<workgroup> tile: array<vec4f, SLICE * LANES>;         // keys [element, lane]: an element of four tokens; values [token, lane]: four elements
var<workgroup> weights: array<vec4f, SIZE * GROUPS>;      // [token, group]: of four rows
var<workgroup> shared_rows: array<vec4f, THREADS>;        // [group, lane]: a lane's part of what is true of four rows

// Four elements of a row; nothing of rows from `end` on.
fn query(first: u32, row: u32, end: u32, quad: u32) -> vec4f {
  if (row >= end) { return vec4f(); }
  return queries[(first + row) * LANES + quad] * SCALE;
}

// rows: of the KV head, from `row` up to `end`; `first`: where the head's begin.
fn load_queries(first: u32, row: u32, end: u32, slice: u32, thread: u32) {
  let quads = SLICE / 4u;
  for (var block = thread; block < quads * GROUPS; block += THREADS) {
    let quad = block % quads;
    let group = block / quads;
    let top_row = row + group * 4u;
    let source = slice / 4u + quad;
    let turned = transpose(mat4x4f(
      query(first, top_row, end, source),
      query(first, top_row + 1u, end, source),
      query(first, top_row + 2u, end, source),
      query(first, top_row + 3u, end, source),
    ));
    let place = quad * 4u * GROUPS + group;
    query_tile[place] = turned[0];
    query_tile[place + GROUPS] = turned[1];
    query_tile[place + 2u * GROUPS] = turned[2];
    query_tile[place + 3u * GROUPS] = turned[3];
  }
}

// Four elements of a key; zeros for tokens from `count` on.
fn key(base: u32, token: u32, count: u32, quad: u32) -> vec4f {
  if (token >= count) { return vec4f(); }
  return key_quad(base + token, quad);
}

fn load_keys(base: u32, count: u32, slice: u32, thread: u32) {
  let quads = SLICE / 4u;
  for (var block = thread; block < quads * LANES; block += THREADS) {
    let quad = block % quads;
    let lane = block / quads;
    let source = slice / 4u + quad;
    let turned = transpose(mat4x4f(
      key(base, lane * 4u, count, source),
      key(base, lane * 4u + 1u, count, source),
      key(base, lane * 4u + 2u, count, source),
      key(base, lane * 4u + 3u, count, source),
    ));
    let place = quad * 4u * LANES + lane;
    tile[place] = turned[0];
    tile[place + LANES] = turned[1];
    tile[place + 2u * LANES] = turned[2];
    tile[place + 3u * LANES] = turned[3];
  }
}

fn load_values(base: u32, count: u32, slice: u32, thread: u32) {
  for (var index = thread; index < SLICE * LANES; index += THREADS) {
    var loaded = vec4f();
    if (slice + index / LANES < count) { loaded = value_quad(base + slice + index / LANES, index % LANES); }
    tile[index] = loaded;
  }
}

// A token's scores with four rows: capped, and LOWEST where a row does not see it.
fn seen(score: vec4f, token: u32, exists: bool, position: vec4u) -> vec4f {
  var capped = score;
  if (SOFTCAP > 0.0) { capped = SOFTCAP * tanh(score / SOFTCAP); }
  let near = (vec4u(token) <= position) & (position - vec4u(token) < vec4u(shape.window));
  return select(vec4f(LOWEST), capped, near & vec4<bool>(exists));
}

fn weight(score: vec4f, top: vec4f) -> vec4f {
  return select(vec4f(), exp(score - top), score > vec4f(LOWEST));
}

@compute @workgroup_size(THREADS)
fn prefill(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  // x: the model's KV head, y: its place in the key page, z: its place in the value page.
  let place = places[workgroup.y];
  let group = thread / LANES;
  let lane = thread % LANES;
  let folded = shape.ratio * shape.rows;
  let first_row = workgroup.x * ROWS;
  let own = vec4u(first_row + group * 4u) + FOUR;
  let position = vec4u(shape.first_position) + own % shape.rows;
  // Rows of a KV head's query heads lie behind each other: [ratio, rows] is one run.
  let run = place.x * folded;
  let row = vec4u(run) + min(own, vec4u(folded - 1u));
  var peak = vec4f(LOWEST);
  var sum = vec4f();
  var o0 = vec4f();
  var o1 = vec4f();
  var o2 = vec4f();
  var o3 = vec4f();
  if (shape.first == 0u) {
    peak = vec4f(peaks[row.x], peaks[row.y], peaks[row.z], peaks[row.w]);
    if (lane == 0u) { sum = vec4f(sums[row.x], sums[row.y], sums[row.z], sums[row.w]); }
    let before = transpose(mat4x4f(
      gathered[row.x * LANES + lane],
      gathered[row.y * LANES + lane],
      gathered[row.z * LANES + lane],
      gathered[row.w * LANES + lane],
    ));
    o0 = before[0];
    o1 = before[1];
    o2 = before[2];
    o3 = before[3];
  }
  // What no row of the workgroup sees is not gone over. Rows of more than one query head may be any of the chunk.
  let offset = first_row % shape.rows;
  let one_head = offset + ROWS <= shape.rows;
  let nearest = shape.first_position + select(shape.rows, offset + ROWS, one_head);
  let farthest = shape.first_position + select(0u, offset, one_head) + 1u;
  let lowest = farthest - min(farthest, shape.window);
  let skipped = (lowest - min(lowest, shape.start)) / SIZE * SIZE;
  let end = min(shape.count, nearest - min(nearest, shape.start));
  for (var begin = skipped; begin < end; begin += SIZE) {
    let count = min(SIZE, end - begin);
    let key_base = place.y * shape.key_page + shape.key_slot + begin;
    let value_base = place.z * shape.value_page + shape.value_slot + begin;
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    for (var slice = 0u; slice < SIZE; slice += SLICE) {
      workgroupBarrier();
      if (SLICE < SIZE || begin == skipped) { load_queries(run, first_row, folded, slice, thread); }
      load_keys(key_base, count, slice, thread);
      workgroupBarrier();
      for (var element = 0u; element < SLICE; element++) {
        let q = query_tile[element * GROUPS + group];
        let k = tile[element * LANES + lane];
        s0 += q * k.x;
        s1 += q * k.y;
        s2 += q * k.z;
        s3 += q * k.w;
      }
    }
    let slot = lane * 4u;
    let token = shape.start + begin + slot;
    s0 = seen(s0, token, slot < count, position);
    s1 = seen(s1, token + 1u, slot + 1u < count, position);
    s2 = seen(s2, token + 2u, slot + 2u < count, position);
    s3 = seen(s3, token + 3u, slot + 3u < count, position);
    shared_rows[thread] = max(max(s0, s1), max(s2, s3));
    workgroupBarrier();
    var top = peak;
    for (var other = 0u; other < LANES; other++) { top = max(top, shared_rows[group * LANES + other]); }
    let shrink = exp(peak - top);
    peak = top;
    s0 = weight(s0, top);
    s1 = weight(s1, top);
    s2 = weight(s2, top);
    s3 = weight(s3, top);
    weights[slot * GROUPS + group] = s0;
    weights[(slot + 1u) * GROUPS + group] = s1;
    weights[(slot + 2u) * GROUPS + group] = s2;
    weights[(slot + 3u) * GROUPS + group] = s3;
    sum = sum * shrink + (s0 + s1) + (s2 + s3);
    o0 *= shrink;
    o1 *= shrink;
    o2 *= shrink;
    o3 *= shrink;
    for (var slice = 0u; slice < SIZE; slice += SLICE) {
      if (slice > 0u) { workgroupBarrier(); }
      load_values(value_base, count, slice, thread);
      workgroupBarrier();
      for (var token = 0u; token < SLICE; token++) {
        let w = weights[(slice + token) * GROUPS + group];
        let v = tile[token * LANES + lane];
        o0 += w * v.x;
        o1 += w * v.y;
        o2 += w * v.z;
        o3 += w * v.w;
      }
    }
  }
  workgroupBarrier();
  shared_rows[thread] = sum;
  workgroupBarrier();
  var total = vec4f();
  for (var other = 0u; other < LANES; other++) { total += shared_rows[group * LANES + other]; }
  let rows = transpose(mat4x4f(o0, o1, o2, o3));
  for (var index = 0u; index < 4u; index++) {
    if (own[index] < folded) {
      gathered[row[index] * LANES + lane] = rows[index];
      if (lane == 0u) {
        peaks[row[index]] = peak[index];
        sums[row[index]] = total[index];
      }
    }
  }
}
