// Two f16 elements of a page as they lie in it, on devices without f16 arithmetic: packed in a u32, low half first.

alias Pair = u32;

fn wide(pair: Pair) -> vec2f { return unpack2x16float(pair); }

fn narrow(pair: vec2f) -> Pair { return pack2x16float(pair); }

// Four of them.
alias Quad = vec2u;

fn wide_quad(quad: Quad) -> vec4f { return vec4f(unpack2x16float(quad.x), unpack2x16float(quad.y)); }
