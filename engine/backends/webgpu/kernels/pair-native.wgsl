// Two f16 elements of a page as they lie in it, on devices with f16 arithmetic (`shader-f16`).

alias Pair = vec2<f16>;

fn wide(pair: Pair) -> vec2f { return vec2f(pair); }

fn narrow(pair: vec2f) -> Pair { return Pair(pair); }

// Four of them.
alias Quad = vec4<f16>;

fn wide_quad(quad: Quad) -> vec4f { return vec4f(quad); }
