package compress

import "testing"

// What was asked for longest ago goes first, and what is kept stays within its bytes.
func TestStore(t *testing.T) {
	s := newStore()
	s.most = 40
	ids := func(i int32) key { return keyOf([]int32{i}) }
	for i := range int32(3) {
		s.put(ids(i), make([]float32, 4))
		s.get(ids(0))
	}
	for i, want := range []bool{true, false, true} {
		if _, ok := s.get(ids(int32(i))); ok != want {
			t.Errorf("segment %d is kept: %v", i, ok)
		}
	}
	s.put(ids(2), make([]float32, 4)) // again
	if s.bytes != 32 || s.order.Len() != 2 {
		t.Errorf("%d segments of %d bytes", s.order.Len(), s.bytes)
	}
	if s.put(ids(9), make([]float32, 40)); s.order.Len() != 1 || s.bytes != 160 {
		t.Errorf("one segment is larger than all that is kept: %d of %d bytes", s.order.Len(), s.bytes)
	}
	if keyOf([]int32{1, 2}) == keyOf([]int32{2, 1}) {
		t.Error("other tokens have the same key")
	}
}
