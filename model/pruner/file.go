package pruner

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/model/weights"
)

// Encoder is the encoder whose states a head reads.
type Encoder struct {
	Name   string `json:"name"`  // names its files: encode.Digest
	Place  string `json:"place"` // its folder, from that of the head or absolute
	Width  int    `json:"width"`
	Words  int    `json:"words"`
	Layers int    `json:"layers"` // the first ones alone are read
}

const (
	nameFile    = "pruner.json"
	weightsFile = "pruner.safetensors"
	version     = 1
	mostFile    = 1 << 16
	mostHidden  = 1 << 12
)

type header struct {
	Version int     `json:"version"`
	Encoder Encoder `json:"encoder"`
	Hidden  int     `json:"hidden"`
	Weights string  `json:"weights"` // SHA-256 of their file
}

// Is says whether dir is a folder of Save.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, nameFile))
	return err == nil
}

// Takes says why a head cannot be saved in dir: something else is there.
func Takes(dir string) error {
	names, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && (len(names) == 0 || Is(dir)):
		return nil
	case err != nil:
		return err
	}
	for _, n := range names {
		if n.Name() != Features {
			return fmt.Errorf("%s holds something else than a head: name another folder", dir)
		}
	}
	return nil
}

// Features is the name of the file that training keeps in the folder while it goes on.
const Features = "features.part"

// Save writes the head into a folder, which is made. What is read last names what it belongs to, so that
// a folder half-written is an older one, or none.
func (h *Head) Save(dir string, e Encoder) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	data := h.tensors()
	sum := sha256.Sum256(data)
	b, err := json.MarshalIndent(header{version, e, h.rank.hidden, hex.EncodeToString(sum[:])}, "", "  ")
	if err != nil {
		return err
	}
	if err := replace.File(filepath.Join(dir, weightsFile), data); err != nil {
		return err
	}
	return replace.File(filepath.Join(dir, nameFile), append(b, '\n'))
}

// tensors is the file of weights: safetensors, with a name for each part.
func (h *Head) tensors() []byte {
	type tensor struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	names := map[string]tensor{}
	var data bytes.Buffer
	add := func(name string, v []float32) {
		from := data.Len()
		for _, x := range v {
			data.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
		}
		names[name] = tensor{"F32", []int{len(v)}, [2]int{from, data.Len()}}
	}
	add("rare", h.Rare)
	for _, of := range []struct {
		name string
		n    *network
	}{{"keep", h.keep}, {"rank", h.rank}} {
		add(of.name+".least", of.n.least)
		add(of.name+".scale", of.n.scale)
		add(of.name+".layers", of.n.p)
	}
	head, err := json.Marshal(names)
	if err != nil {
		panic(err) // of strings and numbers
	}
	head = append(head, bytes.Repeat([]byte{' '}, (8-len(head)%8)%8)...)
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), data.Bytes()...)
}

// Open reads a folder of Save.
func Open(dir string) (*Head, Encoder, error) {
	h, e, err := open(dir)
	if err != nil {
		return nil, e, fmt.Errorf("%s: %w", dir, err)
	}
	return h, e, nil
}

func open(dir string) (*Head, Encoder, error) {
	path := filepath.Join(dir, nameFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, Encoder{}, err
	}
	if info.Size() > mostFile {
		return nil, Encoder{}, fmt.Errorf("%s has %d bytes, more than %d", nameFile, info.Size(), mostFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, Encoder{}, err
	}
	var is header
	if err := json.Unmarshal(b, &is); err != nil {
		return nil, is.Encoder, fmt.Errorf("%s: %w", nameFile, err)
	}
	switch e := is.Encoder; {
	case is.Version != version:
		return nil, e, fmt.Errorf("%s is of version %d; this program reads version %d: train anew", nameFile, is.Version, version)
	case is.Hidden < 1 || is.Hidden > mostHidden || e.Width < 1 || e.Width > 1<<14 || e.Words < 1 || e.Words > 1<<22 || e.Layers < 1:
		return nil, e, fmt.Errorf("%s: %d hidden numbers, an encoder of %d layers, %d wide, %d words: no such head", nameFile, is.Hidden, e.Layers, e.Width, e.Words)
	}
	data, err := os.ReadFile(filepath.Join(dir, weightsFile))
	if err != nil {
		return nil, is.Encoder, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != is.Weights {
		return nil, is.Encoder, fmt.Errorf("%s does not belong to %s: one of them is damaged, or was not written to its end", weightsFile, nameFile)
	}
	set, err := weights.Open(filepath.Join(dir, weightsFile))
	if err != nil {
		return nil, is.Encoder, err
	}
	defer set.Close()
	read := func(name string, into *[]float32, n int) {
		if err != nil {
			return
		}
		t, ok := set.Tensor(name)
		if !ok {
			err = fmt.Errorf("%s has no %s", weightsFile, name)
		} else if err = t.Is(n); err == nil {
			*into, err = t.Floats()
		}
	}
	h := &Head{Width: is.Encoder.Width, rank: newNetwork(rankNumbers, is.Encoder.Width, is.Hidden), keep: newNetwork(keepNumbers, is.Encoder.Width, is.Hidden)}
	read("rare", &h.Rare, is.Encoder.Words)
	for name, n := range map[string]*network{"keep": h.keep, "rank": h.rank} {
		read(name+".least", &n.least, n.numbers)
		read(name+".scale", &n.scale, n.numbers)
		read(name+".layers", &n.p, len(n.p))
	}
	return h, is.Encoder, err
}
