;; The next numbers of NumPy's PCG64 (O'Neill 2014, PCG XSL RR 128/64), as 64-bit words in memory.
;;
;; JavaScript has no fast multiplication of 128 bits. pcg64.wasm is made of this file: wat2wasm
;; pcg64.wat (of wabt, 1.0.39).
(module
  (memory (export "memory") 1)
  (global $high (mut i64) (i64.const 0))
  (global $low (mut i64) (i64.const 0))
  (global $step_high (mut i64) (i64.const 0))
  (global $step_low (mut i64) (i64.const 0))

  ;; Take state and increment from the first 32 bytes of the memory: low and high word of each.
  (func (export "seed")
    (global.set $low (i64.load (i32.const 0)))
    (global.set $high (i64.load offset=8 (i32.const 0)))
    (global.set $step_low (i64.load offset=16 (i32.const 0)))
    (global.set $step_high (i64.load offset=24 (i32.const 0))))

  ;; The upper 64 bits of a product.
  (func $upper (param $a i64) (param $b i64) (result i64)
    (local $a1 i64) (local $a0 i64) (local $b1 i64) (local $b0 i64) (local $middle i64) (local $t i64)
    (local.set $a0 (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $a1 (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $b0 (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $b1 (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $t
      (i64.add
        (i64.mul (local.get $a1) (local.get $b0))
        (i64.shr_u (i64.mul (local.get $a0) (local.get $b0)) (i64.const 32))))
    (local.set $middle
      (i64.add
        (i64.mul (local.get $a0) (local.get $b1))
        (i64.and (local.get $t) (i64.const 0xffffffff))))
    (i64.add
      (i64.add
        (i64.mul (local.get $a1) (local.get $b1))
        (i64.shr_u (local.get $t) (i64.const 32)))
      (i64.shr_u (local.get $middle) (i64.const 32))))

  (func $next (result i64)
    (local $low i64) (local $high i64)
    (local.set $high
      (i64.add
        (i64.add
          (i64.mul (global.get $high) (i64.const 0x4385df649fccf645))
          (i64.mul (global.get $low) (i64.const 0x2360ed051fc65da4)))
        (call $upper (global.get $low) (i64.const 0x4385df649fccf645))))
    (local.set $low (i64.mul (global.get $low) (i64.const 0x4385df649fccf645)))
    (global.set $low (i64.add (local.get $low) (global.get $step_low)))
    (global.set $high
      (i64.add
        (i64.add (local.get $high) (global.get $step_high))
        (i64.extend_i32_u (i64.lt_u (global.get $low) (local.get $low)))))
    (i64.rotr
      (i64.xor (global.get $high) (global.get $low))
      (i64.shr_u (global.get $high) (i64.const 58))))

  ;; Write the next words to the memory, from its first byte on.
  (func (export "fill") (param $words i32)
    (local $at i32) (local $end i32)
    (local.set $end (i32.shl (local.get $words) (i32.const 3)))
    (loop $words_left
      (i64.store (local.get $at) (call $next))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $words_left (i32.lt_u (local.get $at) (local.get $end))))))
