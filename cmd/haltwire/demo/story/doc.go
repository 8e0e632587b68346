// Package story shows the story of package scenario to somebody who looks on: a line a
// step with where the alerts stand, and at the end the trail of the money. It owns how
// that looks; what happens is scenario's.
package story
