// A page of int4 vectors, eight elements a word, and behind them step and lowest element of each group, f16 (`cache/format.ts`).
// PART is `key` or `value`; the kernel's `shape` says where those begin.

@group(0) @binding(BINDING) var<storage, read> PARTs: array<u32>;

// Elements of a group: the largest power of two up to 32 that divides a vector.
override PART_GROUP: u32 = min(32u, SIZE & (~SIZE + 1u));

// Four elements of a vector of the page.
fn PART_quad(vector: u32, quad: u32) -> vec4f {
  let word = PARTs[vector * (SIZE / 8u) + quad / 2u] >> (16u * (quad % 2u));
  let levels = vec4f((vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u));
  let grid = unpack2x16float(PARTs[shape.PART_grids + vector * (SIZE / PART_GROUP) + quad * 4u / PART_GROUP]);
  return grid.y + levels * grid.x;
}

fn PART_pair(vector: u32, pair: u32) -> vec2f {
  let quad = PART_quad(vector, pair / 2u);
  return select(quad.xy, quad.zw, pair % 2u == 1u);
}
