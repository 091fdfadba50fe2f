package pack

import "github.com/tamis-search/tamis/pack/unit"

// needs returns what unit i needs under the guards.
func (f *filler) needs(i int) []unit.Need {
	if len(f.o.Guards) == 0 {
		return nil
	}
	all, ok := f.needed[i]
	if !ok {
		if f.needed == nil {
			f.needed = make(map[int][]unit.Need)
		}
		all = f.all.Needs(i, f.o.Guards)
		f.needed[i] = all
	}
	return all
}

// lacks returns what unit i needs and does not have yet.
func (f *filler) lacks(i int) []unit.Need {
	var out []unit.Need
	for _, n := range f.needs(i) {
		if f.isLacking(n) {
			out = append(out, n)
		}
	}
	return out
}

func (f *filler) isLacking(n unit.Need) bool {
	switch f.state[n.Unit] {
	case kept, barred, folded:
		return false
	}
	if n.Head > 0 && f.headShown[n.Unit] {
		return false // the window shows it, or as much of it as it could
	}
	return n.Head == 0 || f.heads[n.Unit] < n.Head
}

// bring keeps what a unit needs.
func (f *filler) bring(needs []unit.Need) {
	for _, n := range needs {
		if n.Head == 0 {
			f.state[n.Unit] = kept
		} else {
			if f.heads == nil {
				f.heads = make(map[int]int)
			}
			f.heads[n.Unit] = max(f.heads[n.Unit], n.Head)
		}
	}
}

// release drops a kept unit and what was kept for it alone. What others need of
// it stays.
func (f *filler) release(i int) {
	f.state[i] = failed
	delete(f.chosen, i)
	if len(f.o.Guards) == 0 {
		return
	}
	wanted := make(map[int]bool)
	f.heads = nil
	var heads []unit.Need
	for j, s := range f.state {
		if s != kept || !f.chosen[j] {
			continue
		}
		for _, n := range f.needs(j) {
			if n.Head > 0 {
				heads = append(heads, n)
			} else {
				wanted[n.Unit] = true
			}
		}
	}
	if wanted[i] {
		f.state[i] = kept
	}
	for _, n := range f.needs(i) {
		if n.Head == 0 && f.state[n.Unit] == kept && !f.chosen[n.Unit] && !wanted[n.Unit] {
			f.state[n.Unit] = failed
		}
	}
	for _, n := range heads {
		if f.isLacking(n) {
			f.bring([]unit.Need{n})
		}
	}
}
