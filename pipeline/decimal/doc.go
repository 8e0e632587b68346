// Package decimal holds exact decimals of 38 digits, 18 of them after the point,
// as two's-complement 128-bit integers: the layout of Arrow's Decimal128 and of
// ClickHouse's Decimal(38, 18), so that columns of them go from the wire to the
// disk without a conversion.
//
// It knows nothing about currencies and never rounds silently: parsing refuses
// what does not fit, + and - report overflow, * and / round half to even at the
// 18th place and report overflow (RULES §2, money).
package decimal
