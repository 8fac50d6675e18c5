;; One matrix product, four sums at a time: c += a b, all float32.
;;
;; a is (rows, inner). b is (inner, columns) in panels of eight columns, (panels, inner, 8), so that it
;; is read from its first byte to its last. c is (rows, 8 * panels). Four rows at a time share what is
;; read of b; what is left of them goes row by row.
;;
;; matmul.wasm is made of this file: wat2wasm matmul.wat (of wabt, 1.0.39).
(module
  (import "page" "memory" (memory 1))
  (func (export "multiply")
    (param $a i32) (param $b i32) (param $c i32)
    (param $rows i32) (param $inner i32) (param $panels i32)
    (local $panel i32) (local $row i32) (local $k i32)
    (local $wide i32) (local $long i32) (local $to i32) (local $from i32) (local $at i32)
    (local $left v128) (local $right v128) (local $each v128)
    (local $s00 v128) (local $s01 v128)
    (local $s10 v128) (local $s11 v128)
    (local $s20 v128) (local $s21 v128)
    (local $s30 v128) (local $s31 v128)
    (local.set $wide (i32.shl (local.get $panels) (i32.const 5)))  ;; bytes of a row of c
    (local.set $long (i32.shl (local.get $inner) (i32.const 2)))  ;; bytes of a row of a
    (block $done
      (loop $panels_left
        (br_if $done (i32.ge_u (local.get $panel) (local.get $panels)))
        (local.set $row (i32.const 0))
        (block $rows_of_4_done
          (loop $rows_of_4
            (br_if $rows_of_4_done
              (i32.gt_u (i32.add (local.get $row) (i32.const 4)) (local.get $rows)))
            (local.set $from
              (i32.add (local.get $a) (i32.mul (local.get $row) (local.get $long))))
            (local.set $to
              (i32.add
                (i32.add (local.get $c) (i32.mul (local.get $row) (local.get $wide)))
                (i32.shl (local.get $panel) (i32.const 5))))
            (local.set $at
              (i32.add
                (local.get $b)
                (i32.shl (i32.mul (local.get $panel) (local.get $inner)) (i32.const 5))))
            (local.set $s00 (v128.load (local.get $to)))
            (local.set $s01 (v128.load offset=16 (local.get $to)))
            (local.set $to (i32.add (local.get $to) (local.get $wide)))
            (local.set $s10 (v128.load (local.get $to)))
            (local.set $s11 (v128.load offset=16 (local.get $to)))
            (local.set $to (i32.add (local.get $to) (local.get $wide)))
            (local.set $s20 (v128.load (local.get $to)))
            (local.set $s21 (v128.load offset=16 (local.get $to)))
            (local.set $to (i32.add (local.get $to) (local.get $wide)))
            (local.set $s30 (v128.load (local.get $to)))
            (local.set $s31 (v128.load offset=16 (local.get $to)))
            (local.set $k (local.get $inner))
            (loop $sum_of_4
              (local.set $left (v128.load (local.get $at)))
              (local.set $right (v128.load offset=16 (local.get $at)))
              (local.set $each
                (v128.load32_splat (local.get $from)))
              (local.set $s00
                (f32x4.add (local.get $s00) (f32x4.mul (local.get $each) (local.get $left))))
              (local.set $s01
                (f32x4.add (local.get $s01) (f32x4.mul (local.get $each) (local.get $right))))
              (local.set $each
                (v128.load32_splat (i32.add (local.get $from) (local.get $long))))
              (local.set $s10
                (f32x4.add (local.get $s10) (f32x4.mul (local.get $each) (local.get $left))))
              (local.set $s11
                (f32x4.add (local.get $s11) (f32x4.mul (local.get $each) (local.get $right))))
              (local.set $each
                (v128.load32_splat (i32.add (local.get $from) (i32.shl (local.get $long) (i32.const 1)))))
              (local.set $s20
                (f32x4.add (local.get $s20) (f32x4.mul (local.get $each) (local.get $left))))
              (local.set $s21
                (f32x4.add (local.get $s21) (f32x4.mul (local.get $each) (local.get $right))))
              (local.set $each
                (v128.load32_splat (i32.add (local.get $from) (i32.mul (local.get $long) (i32.const 3)))))
              (local.set $s30
                (f32x4.add (local.get $s30) (f32x4.mul (local.get $each) (local.get $left))))
              (local.set $s31
                (f32x4.add (local.get $s31) (f32x4.mul (local.get $each) (local.get $right))))
              (local.set $from (i32.add (local.get $from) (i32.const 4)))
              (local.set $at (i32.add (local.get $at) (i32.const 32)))
              (br_if $sum_of_4 (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
            (v128.store (local.get $to) (local.get $s30))
            (v128.store offset=16 (local.get $to) (local.get $s31))
            (local.set $to (i32.sub (local.get $to) (local.get $wide)))
            (v128.store (local.get $to) (local.get $s20))
            (v128.store offset=16 (local.get $to) (local.get $s21))
            (local.set $to (i32.sub (local.get $to) (local.get $wide)))
            (v128.store (local.get $to) (local.get $s10))
            (v128.store offset=16 (local.get $to) (local.get $s11))
            (local.set $to (i32.sub (local.get $to) (local.get $wide)))
            (v128.store (local.get $to) (local.get $s00))
            (v128.store offset=16 (local.get $to) (local.get $s01))
            (local.set $row (i32.add (local.get $row) (i32.const 4)))
            (br $rows_of_4)))
        (block $rows_of_1_done
          (loop $rows_of_1
            (br_if $rows_of_1_done
              (i32.gt_u (i32.add (local.get $row) (i32.const 1)) (local.get $rows)))
            (local.set $from
              (i32.add (local.get $a) (i32.mul (local.get $row) (local.get $long))))
            (local.set $to
              (i32.add
                (i32.add (local.get $c) (i32.mul (local.get $row) (local.get $wide)))
                (i32.shl (local.get $panel) (i32.const 5))))
            (local.set $at
              (i32.add
                (local.get $b)
                (i32.shl (i32.mul (local.get $panel) (local.get $inner)) (i32.const 5))))
            (local.set $s00 (v128.load (local.get $to)))
            (local.set $s01 (v128.load offset=16 (local.get $to)))
            (local.set $k (local.get $inner))
            (loop $sum_of_1
              (local.set $left (v128.load (local.get $at)))
              (local.set $right (v128.load offset=16 (local.get $at)))
              (local.set $each
                (v128.load32_splat (local.get $from)))
              (local.set $s00
                (f32x4.add (local.get $s00) (f32x4.mul (local.get $each) (local.get $left))))
              (local.set $s01
                (f32x4.add (local.get $s01) (f32x4.mul (local.get $each) (local.get $right))))
              (local.set $from (i32.add (local.get $from) (i32.const 4)))
              (local.set $at (i32.add (local.get $at) (i32.const 32)))
              (br_if $sum_of_1 (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
            (v128.store (local.get $to) (local.get $s00))
            (v128.store offset=16 (local.get $to) (local.get $s01))
            (local.set $row (i32.add (local.get $row) (i32.const 1)))
            (br $rows_of_1)))
        (local.set $panel (i32.add (local.get $panel) (i32.const 1)))
        (br $panels_left)))))
