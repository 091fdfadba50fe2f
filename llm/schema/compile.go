package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
)

// compiler makes rules of schemas.
type compiler struct {
	g      *grammar
	root   any
	places map[string]element // of what $ref names

	space, character, plain, integer, natural, number, boolean, null, anything element
}

// basics are the rules of JSON (RFC 8259).
func (c *compiler) basics() {
	g := c.g
	c.space = g.maybe(anyOf(" "))
	digit, tail := between('0', '9'), between(0x80, 0xBF)
	hex := g.rule(sequence{digit}, sequence{between('a', 'f')}, sequence{between('A', 'F')})
	// One character of well-formed UTF-8 that needs no escape: the table 3-7 of Unicode.
	c.plain = g.rule(
		sequence{{bytes: new(set).add(' ', '!').add('#', '[').add(']', 0x7E)}},
		sequence{between(0xC2, 0xDF), tail},
		sequence{between(0xE0, 0xE0), between(0xA0, 0xBF), tail},
		sequence{{bytes: new(set).add(0xE1, 0xEC).add(0xEE, 0xEF)}, tail, tail},
		sequence{between(0xED, 0xED), between(0x80, 0x9F), tail},
		sequence{between(0xF0, 0xF0), between(0x90, 0xBF), tail, tail},
		sequence{between(0xF1, 0xF3), tail, tail, tail},
		sequence{between(0xF4, 0xF4), between(0x80, 0x8F), tail, tail},
	)
	// Of \u escapes only those that are whole characters by themselves: no halves of pairs.
	notD := g.rule(sequence{digit}, sequence{{bytes: new(set).add('a', 'c').add('e', 'f').add('A', 'C').add('E', 'F')}})
	c.character = g.rule(sequence{c.plain},
		sequence{anyOf(`\`), anyOf(`"\/bfnrt`)},
		append(text(`\u`), notD, hex, hex, hex),
		append(text(`\u`), anyOf("dD"), between('0', '7'), hex, hex))
	c.natural = g.rule(sequence{anyOf("0")}, sequence{between('1', '9'), g.times(digit, 0, 17)})
	c.integer = g.rule(sequence{g.maybe(anyOf("-")), c.natural})
	digits := g.times(digit, 1, 17)
	c.number = g.rule(sequence{c.integer, g.maybe(append(text("."), digits)...), g.maybe(anyOf("eE"), g.maybe(anyOf("+-")), g.times(digit, 1, 2))})
	c.boolean = g.rule(text("true"), text("false"))
	c.null = g.rule(text("null"))
	c.anything = g.rule()
	str := g.rule(c.quoted(g.times(c.character, 0, -1)))
	g.rules[c.anything.rule] = []sequence{{str}, {c.number}, {c.boolean}, {c.null}, {c.list(c.anything, 0, -1)}, {c.fields(str, c.anything)}}
}

// quoted is a text in its quotation marks.
func (c *compiler) quoted(inside ...element) sequence {
	return append(append(text(`"`), inside...), text(`"`)...)
}

// list is an array of from least to most.
func (c *compiler) list(item element, least, most int) element {
	if most == 0 {
		return c.g.rule(text("[]"))
	}
	next := c.g.rule(sequence{anyOf(","), c.space, item})
	after := -1
	if most > 0 {
		after = most - 1
	}
	some := append(append(text("["), item, c.g.times(next, max(least-1, 0), after)), text("]")...)
	if least > 0 {
		return c.g.rule(some)
	}
	return c.g.rule(text("[]"), some)
}

// fields is an object with keys and values of one kind.
func (c *compiler) fields(key, value element) element {
	field := c.g.rule(sequence{key, anyOf(":"), c.space, value})
	next := c.g.rule(sequence{anyOf(","), c.space, field})
	return c.g.rule(text("{}"), append(append(text("{"), field, c.g.times(next, 0, -1)), text("}")...))
}

func wrong(place, format string, args ...any) error {
	return fmt.Errorf("at %s: %s", screen.Name(place), fmt.Sprintf(format, args...))
}

// value is the rule of a schema.
func (c *compiler) value(schema any, place string, depth int) (element, error) {
	if depth > mostNested {
		return element{}, wrong(place, "more than %d schemas in each other", mostNested)
	}
	if len(c.g.rules) > mostRules {
		return element{}, wrong(place, "the schema allows too much to be kept in mind; make its lengths smaller")
	}
	if schema == true {
		return c.anything, nil
	}
	o, ok := schema.(*object)
	if !ok {
		return element{}, wrong(place, "a schema is an object or true, not %s", screen.Name(write(schema)))
	}
	for _, k := range o.keys {
		if !slices.Contains(known, k) && !slices.Contains(silent, k) {
			return element{}, wrong(place, "%s is not kept by answers that are made here; leave it out, and check it afterwards", screen.Name(k))
		}
	}
	if ref, ok := o.values["$ref"].(string); ok {
		return c.reference(ref, place, depth)
	}
	for _, k := range []string{"anyOf", "oneOf", "allOf"} {
		if list, there := o.values[k]; there {
			return c.choice(list, place+"/"+k, k == "allOf", depth)
		}
	}
	if v, ok := o.values["const"]; ok {
		return c.g.rule(text(write(v))), nil
	}
	if v, ok := o.values["enum"]; ok {
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return element{}, wrong(place, "enum is a list of values, one at least")
		}
		e := c.g.rule()
		for _, v := range list {
			c.g.rules[e.rule] = append(c.g.rules[e.rule], text(write(v)))
		}
		return e, nil
	}
	return c.typed(o, place, depth)
}

// reference is the rule of what $ref names.
func (c *compiler) reference(ref, place string, depth int) (element, error) {
	if e, ok := c.places[ref]; ok {
		return e, nil
	}
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return element{}, wrong(place, "$ref %s leads out of the schema; put what it names into $defs", screen.Name(ref))
	}
	at := c.root
	if path != "" {
		for key := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
			key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
			switch v := at.(type) {
			case *object:
				at = v.values[key]
			case []any:
				if n, err := strconv.Atoi(key); err == nil && n >= 0 && n < len(v) {
					at = v[n]
				} else {
					at = nil
				}
			default:
				at = nil
			}
		}
	}
	if at == nil {
		return element{}, wrong(place, "there is no %s", screen.Name(ref))
	}
	e := c.g.rule() // what it leads to may lead back
	c.places[ref] = e
	inner, err := c.value(at, ref, depth+1)
	if err != nil {
		return element{}, err
	}
	c.g.rules[e.rule] = []sequence{{inner}}
	return e, nil
}

// choice is one of several schemas.
func (c *compiler) choice(of any, place string, all bool, depth int) (element, error) {
	list, ok := of.([]any)
	if !ok || len(list) == 0 {
		return element{}, wrong(place, "a list of schemas is needed, with one at least")
	}
	if all && len(list) > 1 {
		return element{}, wrong(place, "allOf of several schemas is not kept by answers that are made here; write what they ask for together as one")
	}
	e := c.g.rule()
	for i, s := range list {
		inner, err := c.value(s, fmt.Sprintf("%s/%d", place, i), depth+1)
		if err != nil {
			return element{}, err
		}
		c.g.rules[e.rule] = append(c.g.rules[e.rule], sequence{inner})
	}
	return e, nil
}

// typed is the rule of a schema by its type.
func (c *compiler) typed(o *object, place string, depth int) (element, error) {
	var types []string
	switch t := o.values["type"].(type) {
	case nil:
		if _, there := o.values["properties"]; there {
			types = []string{"object"}
		} else if _, there := o.values["items"]; there {
			types = []string{"array"}
		} else {
			return c.anything, nil
		}
	case string:
		types = []string{t}
	case []any:
		for _, x := range t {
			s, _ := x.(string)
			types = append(types, s)
		}
	}
	if o.values["nullable"] == true {
		types = append(types, "null")
	}
	if len(types) == 0 {
		return element{}, wrong(place, "type is the name of a type, or a list of names")
	}
	e := c.g.rule()
	for _, t := range types {
		inner, err := c.one(t, o, place, depth)
		if err != nil {
			return element{}, err
		}
		c.g.rules[e.rule] = append(c.g.rules[e.rule], sequence{inner})
	}
	return e, nil
}

func (c *compiler) one(t string, o *object, place string, depth int) (element, error) {
	switch t {
	case "string":
		return c.str(o, place)
	case "integer":
		return c.whole(o, place)
	case "number":
		for _, k := range []string{"minimum", "maximum"} {
			if _, there := o.values[k]; there {
				return element{}, wrong(place, "%s of a number is not kept by answers that are made here; that of an integer is", k)
			}
		}
		return c.number, nil
	case "boolean":
		return c.boolean, nil
	case "null":
		return c.null, nil
	case "array":
		return c.array(o, place, depth)
	case "object":
		return c.object(o, place, depth)
	}
	return element{}, wrong(place, "no type is called %s", screen.Name(t))
}

// count is a number of things that a schema names, otherwise where it does not.
func count(o *object, key, place string, otherwise int) (int, error) {
	v, there := o.values[key]
	if !there {
		return otherwise, nil
	}
	n, err := strconv.Atoi(write(v))
	if err != nil || n < 0 || n > mostTimes {
		return 0, wrong(place, "%s is a whole number from 0 to %d, not %s", key, mostTimes, screen.Name(write(v)))
	}
	return n, nil
}

// span is from least to most of something, most -1 where there is no bound.
func span(o *object, least, most, place string) (from, to int, err error) {
	if from, err = count(o, least, place, 0); err == nil {
		to, err = count(o, most, place, -1)
	}
	if err == nil && to >= 0 && to < from {
		err = wrong(place, "%s is %d, above %s, which is %d", least, from, most, to)
	}
	return from, to, err
}

// formats are patterns of texts.
var formats = map[string]string{
	"date":      `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`,
	"time":      `^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`,
	"date-time": `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`,
	"uuid":      `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
}

func (c *compiler) str(o *object, place string) (element, error) {
	least, most, err := span(o, "minLength", "maxLength", place)
	if err != nil {
		return element{}, err
	}
	pattern, has := o.values["pattern"].(string)
	if !has {
		format, _ := o.values["format"].(string)
		pattern, has = formats[format]
	}
	if !has {
		return c.g.rule(c.quoted(c.g.times(c.character, least, most))), nil
	}
	if least > 0 || most >= 0 {
		return element{}, wrong(place, "lengths beside a pattern or a format are not kept; say them in the pattern")
	}
	inside, err := c.pattern(pattern)
	if err != nil {
		return element{}, wrong(place, "the pattern %s: %v", screen.Name(pattern), err)
	}
	return c.g.rule(c.quoted(inside)), nil
}

// whole is the rule of integers within bounds.
func (c *compiler) whole(o *object, place string) (element, error) {
	var bounds [2]*big.Int
	for i, k := range []string{"minimum", "maximum"} {
		v, there := o.values[k]
		if !there {
			continue
		}
		n, ok := v.(json.Number)
		if ok {
			bounds[i], ok = new(big.Int).SetString(n.String(), 10)
		}
		if !ok {
			return element{}, wrong(place, "%s of an integer is a whole number, not %s", k, screen.Name(write(v)))
		}
	}
	least, most := bounds[0], bounds[1]
	switch {
	case least == nil && most == nil:
		return c.integer, nil
	case least != nil && most != nil && least.Cmp(most) > 0:
		return element{}, wrong(place, "minimum is above maximum")
	case least != nil && most != nil && new(big.Int).Sub(most, least).Cmp(big.NewInt(mostSpan)) < 0:
		e := c.g.rule()
		for n := new(big.Int).Set(least); n.Cmp(most) <= 0; n.Add(n, big.NewInt(1)) {
			c.g.rules[e.rule] = append(c.g.rules[e.rule], text(n.String()))
		}
		return e, nil
	case most == nil && least.Sign() == 0:
		return c.natural, nil
	case most == nil && least.Cmp(big.NewInt(1)) == 0:
		return c.g.rule(sequence{between('1', '9'), c.g.times(between('0', '9'), 0, 17)}), nil
	}
	return element{}, wrong(place, "bounds of an integer are kept where they are 0 or 1 at least, or less than %d apart; leave these out, and check them afterwards", mostSpan)
}

func (c *compiler) array(o *object, place string, depth int) (element, error) {
	least, most, err := span(o, "minItems", "maxItems", place)
	if err != nil {
		return element{}, err
	}
	if first, there := o.values["prefixItems"]; there {
		return c.tuple(first, o, place, depth)
	}
	item := c.anything
	if s, there := o.values["items"]; there {
		if item, err = c.value(s, place+"/items", depth+1); err != nil {
			return element{}, err
		}
	}
	return c.list(item, least, most), nil
}

// tuple is an array of given items, all of them and no more.
func (c *compiler) tuple(first any, o *object, place string, depth int) (element, error) {
	list, ok := first.([]any)
	if !ok {
		return element{}, wrong(place, "prefixItems is a list of schemas")
	}
	least, most, err := span(o, "minItems", "maxItems", place)
	if rest := o.values["items"]; err == nil && (rest != nil && rest != false || least > len(list) || most >= 0 && most < len(list)) {
		err = wrong(place, "of prefixItems all are written and nothing else; items beside them is false, and the lengths allow it")
	}
	if err != nil {
		return element{}, err
	}
	all := text("[")
	for i, s := range list {
		if i > 0 {
			all = append(all, anyOf(","), c.space)
		}
		inner, err := c.value(s, fmt.Sprintf("%s/prefixItems/%d", place, i), depth+1)
		if err != nil {
			return element{}, err
		}
		all = append(all, inner)
	}
	return c.g.rule(append(all, text("]")...)), nil
}

func (c *compiler) object(o *object, place string, depth int) (element, error) {
	required := map[string]bool{}
	if list, there := o.values["required"]; there {
		names, ok := list.([]any)
		for _, n := range names {
			s, is := n.(string)
			ok = ok && is
			required[s] = true
		}
		if !ok {
			return element{}, wrong(place, "required is a list of names")
		}
	}
	properties, ok := o.values["properties"].(*object)
	if _, there := o.values["properties"]; there && !ok {
		return element{}, wrong(place, "properties is an object")
	}
	if properties == nil || len(properties.keys) == 0 {
		if len(required) > 0 {
			return element{}, wrong(place, "required names what properties does not")
		}
		return c.open(o, place, depth)
	}
	for n := range required {
		if _, there := properties.values[n]; !there {
			return element{}, wrong(place, "required names %s, which properties does not", screen.Name(n))
		}
	}
	var list []field
	for _, k := range properties.keys {
		v, err := c.value(properties.values[k], place+"/properties/"+k, depth+1)
		if err != nil {
			return element{}, err
		}
		list = append(list, field{c.g.rule(append(text(quote(k)+":"), c.space, v)), required[k]})
	}
	return c.g.rule(append(append(text("{"), c.rest(list)), text("}")...)), nil
}

// open is an object whose keys are not named.
func (c *compiler) open(o *object, place string, depth int) (element, error) {
	value := c.anything
	switch s := o.values["additionalProperties"]; s {
	case nil, true:
	case false:
		return c.g.rule(text("{}")), nil
	default:
		var err error
		if value, err = c.value(s, place+"/additionalProperties", depth+1); err != nil {
			return element{}, err
		}
	}
	return c.fields(c.g.rule(c.quoted(c.g.times(c.character, 1, 64))), value), nil
}

// field is one of an object: key and value.
type field struct {
	element
	required bool
}

// rest is an object's fields, made from the end on, so that there are two rules for each.
func (c *compiler) rest(list []field) element {
	end := c.g.rule(nil)
	next := [2]element{end, end} // without and with one before
	for _, f := range slices.Backward(list) {
		var this [2]element
		for i, before := range []sequence{nil, {anyOf(","), c.space}} {
			choices := []sequence{append(before, f.element, next[1])}
			if !f.required {
				choices = append(choices, sequence{next[i]})
			}
			this[i] = c.g.rule(choices...)
		}
		next = this
	}
	return next[0]
}
