package decoder

import (
	"slices"
	"testing"
)

// TestBetween: those of the last layer give the logits of Read to the last bit, those before the first are
// the embeddings, whatever the text is divided into; showing them changes nothing; what is
// changed is read on with.
func TestBetween(t *testing.T) {
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 3))
		ids := someIDs(130, d.Words)
		want, err := d.Read(t.Context(), d.NewCache(), ids)
		if err != nil {
			t.Fatal(err)
		}
		read := func(parts ...int) (layers [][]float32, logits []float32) {
			c := d.NewCache()
			layers = make([][]float32, d.Layers+1)
			c.Between = func(layer int, states []float32) { layers[layer] = append(layers[layer], states...) }
			for from, i := 0, 0; from < len(ids); i++ {
				to := min(len(ids), from+parts[i%len(parts)])
				if logits, err = d.Read(t.Context(), c, ids[from:to]); err != nil {
					t.Fatal(err)
				}
				from = to
			}
			return layers, logits
		}
		layers, got := read(len(ids))
		again, _ := read(1, 50)
		for l := range layers {
			if len(layers[l]) != len(ids)*d.Width || !slices.Equal(layers[l], again[l]) {
				t.Fatalf("%s: layer %d has %d numbers, or others in parts", name, l, len(layers[l]))
			}
		}
		told, err := d.Told(layers[d.Layers][(len(ids)-3)*d.Width:])
		if err != nil {
			t.Fatal(name, err)
		}
		if !slices.Equal(want, got) || !slices.Equal(want, told[2]) {
			t.Fatalf("%s: showing states changes the logits, or the last ones tell others", name)
		}
		row, err := d.Embed(ids[7:8])
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range row {
			if !d.first && v != layers[0][7*d.Width+j] {
				t.Fatalf("%s: the embedding is %v, the first state %v", name, v, layers[0][7*d.Width+j])
			}
		}

		// States of another text put in the place of these after the last layer but one.
		other := slices.Clone(ids)
		other[3] = (other[3] + 1) % int32(d.Words)
		c := d.NewCache()
		at := 0
		c.Between = func(layer int, states []float32) {
			if layer == 0 {
				copy(states, layers[0][at*d.Width:])
				at += len(states) / d.Width
			}
		}
		moved, err := d.Read(t.Context(), c, other)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(moved, want) {
			t.Fatalf("%s: states that were changed are not read on with", name)
		}
		if c.Clone().Between != nil {
			t.Errorf("%s: a clone shows states", name)
		}
		for _, bad := range [][]float32{nil, make([]float32, d.Width+1), make([]float32, (MostEach+1)*d.Width)} {
			if _, err := d.Told(bad); err == nil {
				t.Errorf("%s: logits of %d numbers", name, len(bad))
			}
		}
	}
}

// TestHeads: heads that give nothing leave a token alone with itself; those that are only shown leave logits as they are.
func TestHeads(t *testing.T) {
	for name, shape := range tiny {
		if shape.Architecture == "gpt2" { // has embeddings of positions, which a token alone has not
			continue
		}
		d := open(t, shape.Write(t, 3))
		ids := someIDs(70, d.Words)
		read := func(ids []int32, hook func(layer int, x, given []float32)) []float32 {
			c := d.NewCache()
			c.Heads = hook
			logits, err := d.Read(t.Context(), c, ids)
			if err != nil {
				t.Fatal(err)
			}
			return logits
		}
		want, told := read(ids, nil), 0
		shown := read(ids, func(layer int, x, given []float32) {
			if told++; len(x) != d.Width || len(given) != d.Heads*d.HeadSize || layer < 0 || layer >= d.Layers {
				t.Fatalf("%s: layer %d has %d numbers in, %d of heads", name, layer, len(x), len(given))
			}
		})
		if told != d.Layers*len(ids) || !slices.Equal(shown, want) {
			t.Errorf("%s: %d tokens of layers are shown, or showing them changes the logits", name, told)
		}
		nothing := func(_ int, _, given []float32) { clear(given) }
		if last := ids[len(ids)-1:]; !slices.Equal(read(ids, nothing), read(last, nothing)) || slices.Equal(read(ids, nothing), want) {
			t.Errorf("%s: without heads a token still knows of others", name)
		}
		first := func(_ int, _, given []float32) { clear(given[:d.HeadSize]) }
		if slices.Equal(read(ids, first), want) {
			t.Errorf("%s: without its first head a model is the same", name)
		}
	}
}
