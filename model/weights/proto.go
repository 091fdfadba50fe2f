package weights

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tamis-search/tamis/internal/screen"
)

// The parts of onnx.proto (ModelProto and what is in it) that hold weights and say
// what they are used for. Nested graphs are not looked into.

type onnxGraph struct {
	nodes   []onnxNode
	tensors []onnxTensor
}

type onnxNode struct {
	op, name        string
	inputs, outputs []string
	axis            int64
	perm            []int64
	transposed      bool        // of the second operand of Gemm
	value           *onnxTensor // of Constant
}

// in is an input, "" where there is none.
func (n *onnxNode) in(i int) string {
	if i < len(n.inputs) {
		return n.inputs[i]
	}
	return ""
}

type onnxTensor struct {
	name     string
	kind     uint64 // TensorProto.DataType
	dims     []int64
	raw      []byte
	external map[string]string // of data in a file beside this one
}

// onnxTypes are the numbers that are known by TensorProto.DataType.
var onnxTypes = map[uint64]string{1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 9: "BOOL", 10: "F16", 11: "F64", 12: "U32", 13: "U64", 16: "BF16"}

var errProto = errors.New("it is damaged, cut off or no ONNX file")

// fields calls f with the fields of a message: number is that of a varint or of a
// fixed size, data the bytes of the others.
func fields(msg []byte, f func(field protowire.Number, number uint64, data []byte) error) error {
	for len(msg) > 0 {
		field, kind, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return errProto
		}
		msg = msg[n:]
		var number uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(msg)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(msg)
			number = uint64(v)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(msg)
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(msg)
		default:
			n = -1
		}
		if n < 0 {
			return errProto
		}
		msg = msg[n:]
		if err := f(field, number, data); err != nil {
			return err
		}
	}
	return nil
}

func parseOnnx(data []byte) (g onnxGraph, err error) {
	found := false
	err = fields(data, func(field protowire.Number, _ uint64, data []byte) error {
		if field != 7 {
			return nil
		}
		found = true
		return fields(data, func(field protowire.Number, _ uint64, data []byte) error {
			switch field {
			case 1:
				n, err := parseNode(data)
				if g.nodes = append(g.nodes, n); len(g.nodes) > mostNodes {
					return fmt.Errorf("the graph has more than %d nodes", mostNodes)
				}
				return err
			case 5:
				t, err := parseTensor(data)
				if g.tensors = append(g.tensors, t); len(g.tensors) > mostTensors {
					return fmt.Errorf("the graph has more than %d initializers", mostTensors)
				}
				return err
			}
			return nil
		})
	})
	if err == nil && !found {
		err = errProto
	}
	return g, err
}

func parseNode(data []byte) (n onnxNode, err error) {
	n.axis = 1 // where DequantizeLinear does not say
	err = fields(data, func(field protowire.Number, _ uint64, data []byte) error {
		switch field {
		case 1:
			n.inputs = append(n.inputs, string(data))
		case 2:
			n.outputs = append(n.outputs, string(data))
		case 3:
			n.name = string(data)
		case 4:
			n.op = string(data)
		case 5:
			return n.attribute(data)
		}
		return nil
	})
	return n, err
}

func (n *onnxNode) attribute(data []byte) error {
	var name string
	var whole int64
	var list []int64
	var tensor []byte
	err := fields(data, func(field protowire.Number, number uint64, data []byte) (err error) {
		switch field {
		case 1:
			name = string(data)
		case 3:
			whole = int64(number)
		case 5:
			tensor = data
		case 8:
			list, err = wholes(list, number, data)
		}
		return err
	})
	if err != nil {
		return err
	}
	switch name {
	case "axis":
		n.axis = whole
	case "perm":
		n.perm = list
	case "transB":
		n.transposed = whole != 0
	case "value":
		if tensor != nil {
			t, err := parseTensor(tensor)
			n.value = &t
			return err
		}
	}
	return nil
}

// wholes adds a number, or those packed in data.
func wholes(list []int64, number uint64, data []byte) ([]int64, error) {
	if data == nil {
		return append(list, int64(number)), nil
	}
	for len(data) > 0 {
		v, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return nil, errProto
		}
		list, data = append(list, int64(v)), data[n:]
	}
	return list, nil
}

func parseTensor(data []byte) (t onnxTensor, err error) {
	var ints []int64
	var packed []byte
	err = fields(data, func(field protowire.Number, number uint64, data []byte) (err error) {
		switch field {
		case 1:
			if t.dims, err = wholes(t.dims, number, data); len(t.dims) > mostAxes {
				err = fmt.Errorf("initializer with more than %d axes", mostAxes)
			}
		case 2:
			t.kind = number
		case 4: // float_data
			if data == nil {
				data = binary.LittleEndian.AppendUint32(nil, uint32(number))
			}
			packed = append(packed, data...)
		case 10: // double_data
			if data == nil {
				data = binary.LittleEndian.AppendUint64(nil, number)
			}
			packed = append(packed, data...)
		case 5, 7, 11: // int32_data, int64_data, uint64_data
			ints, err = wholes(ints, number, data)
		case 8:
			t.name = string(data)
		case 9:
			t.raw = data
		case 13:
			err = t.entry(data)
		}
		return err
	})
	if t.raw == nil {
		t.raw = packed
		size := sizes[onnxTypes[t.kind]]
		for _, v := range ints {
			t.raw = append(t.raw, binary.LittleEndian.AppendUint64(nil, uint64(v))[:size]...)
		}
	}
	return t, err
}

// entry reads one of the words that say where external data is.
func (t *onnxTensor) entry(data []byte) error {
	var key, value string
	err := fields(data, func(field protowire.Number, _ uint64, data []byte) error {
		switch field {
		case 1:
			key = string(data)
		case 2:
			value = string(data)
		}
		return nil
	})
	if t.external == nil {
		t.external = map[string]string{}
	}
	if t.external[key] = value; len(t.external) > 16 {
		return errors.New("more than 16 words about external data")
	}
	return err
}

// tensor checks what an initializer claims.
func (t onnxTensor) tensor(body []byte) (Tensor, error) {
	kind, ok := onnxTypes[t.kind]
	if !ok {
		return Tensor{}, fmt.Errorf("data type %d is not read", t.kind)
	}
	r, err := namedEntry{t.name, entry{Type: kind, Shape: t.dims, Offsets: &[2]int64{0, int64(len(body))}}}.tensor(body)
	if err != nil {
		return r, fmt.Errorf("initializer %s: %w", screen.Name(t.name), err)
	}
	return r, nil
}
