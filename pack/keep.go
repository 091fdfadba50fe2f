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
		switch f.state[n.Unit] {
		case kept, barred, folded:
			continue
		}
		if r := f.shrunk[n.Unit]; n.Head > 0 && len(r) > 0 && r[0][0] >= n.Head {
			continue // the window shows it
		}
		if n.Head == 0 || f.heads[n.Unit] < n.Head {
			out = append(out, n)
		}
	}
	return out
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

// release drops a kept unit and what was kept for it alone.
func (f *filler) release(i int) {
	f.state[i] = failed
	delete(f.chosen, i)
	if len(f.o.Guards) == 0 {
		return
	}
	wanted := make(map[unit.Need]bool)
	for j, s := range f.state {
		if s == kept && f.chosen[j] {
			for _, n := range f.needs(j) {
				wanted[n] = true
			}
		}
	}
	for _, n := range append(f.needs(i), unit.Need{Unit: i}) {
		switch {
		case wanted[n]:
			if n.Head == 0 {
				f.state[n.Unit] = kept // it is still needed
			}
		case n.Head > 0:
			delete(f.heads, n.Unit)
		case f.state[n.Unit] == kept && !f.chosen[n.Unit]:
			f.state[n.Unit] = failed
		}
	}
}
