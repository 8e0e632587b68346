package desk

import "reflect"

// clone copies a part of the state, so that it can be read, and folded on, without its
// lock. Texts are not copied, so it costs what an alert has of items, movements and
// messages, and not what they say. What is unexported in the state (the data of an event,
// the zone of a moment) is shared: nobody writes into it.
func clone[T any](from *T) *T {
	out := from
	own(reflect.ValueOf(&out).Elem())
	return out
}

// own gives a value, which is a copy of another, its own of all that it refers to.
func own(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		to := reflect.New(v.Type().Elem())
		to.Elem().Set(v.Elem())
		own(to.Elem())
		v.Set(to)
	case reflect.Slice:
		ownList(v)
	case reflect.Map:
		ownMap(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if x := v.Field(i); x.CanSet() {
				own(x)
			}
		}
	}
}

func ownList(v reflect.Value) {
	if v.IsNil() {
		return
	}
	to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(to, v)
	switch v.Type().Elem().Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Struct:
		for i := range to.Len() {
			own(to.Index(i))
		}
	}
	v.Set(to)
}

func ownMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	to := reflect.MakeMapWithSize(v.Type(), v.Len())
	for each := v.MapRange(); each.Next(); {
		x := reflect.New(v.Type().Elem()).Elem()
		x.Set(each.Value())
		own(x)
		to.SetMapIndex(each.Key(), x)
	}
	v.Set(to)
}
