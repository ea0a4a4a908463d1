import { describe, expect, test } from "vitest";
import { CELLS, cellFrom, cellOf, knots } from "../../../src/checkpointing/hazard/age-grid.ts";
import { emptyCurve, integrate, livedUntil, survivalAt } from "../../../src/checkpointing/hazard/curve.ts";
import { hazardAt, lossAhead } from "../../../src/checkpointing/hazard/exposure.ts";
import { createPredictor } from "../../../src/checkpointing/hazard/predictor.ts";
import { weibullScale } from "../../../src/checkpointing/hazard/weibull.ts";
import { exponentialCurve, randomStream } from "../support.ts";

describe("the age grid", () => {
  test("puts an age into the cell around it", () => {
    for (const age of [0.001, 0.7, 1, 59, 3600, 86_400, 1e8]) {
      const cell = cellOf(age);
      expect(knots[cell]!).toBeLessThanOrEqual(age * (1 + 1e-9));
      expect(knots[cell + 1]!).toBeGreaterThan(age * (1 - 1e-9));
    }
  });

  test("finds the same cell from any younger one", () => {
    for (const age of [0, 0.001, 1, 59, 3601, 86_399, 1e8, 1e15, Number.POSITIVE_INFINITY]) {
      for (const younger of [0, age / 50, age]) expect(cellFrom(cellOf(younger), age)).toBe(cellOf(age));
    }
  });

  test("takes what is off the grid into its ends", () => {
    expect(cellOf(0)).toBe(0);
    expect(cellOf(Number.POSITIVE_INFINITY)).toBe(CELLS - 1);
  });
});

describe("a survival curve", () => {
  const curve = exponentialCurve(1000);

  test("interpolates, and integrates to the time lived", () => {
    for (const age of [1, 250, 1000, 4000]) {
      expect(survivalAt(curve, age)).toBeCloseTo(Math.exp(-age / 1000), 3);
      expect(livedUntil(curve, age) / (1000 * (1 - Math.exp(-age / 1000)))).toBeCloseTo(1, 2);
    }
  });

  test("gives back its hazard, and Young's rule as the expected loss", () => {
    expect(hazardAt(curve, 500, 100) * 1000).toBeCloseTo(1, 2);
    expect(lossAhead(curve, 700, 200)).toBeCloseTo(200 ** 2 / 2 / 1000, 1);
  });

  test("never falls where nothing is known", () => {
    const flat = emptyCurve();
    integrate(flat);
    expect(survivalAt(flat, 1e6)).toBe(1);
    expect(lossAhead(flat, 1e6, 1e5)).toBe(0);
  });
});

describe("the predictor", () => {
  test("is a survival curve: from 1, falling, whatever it was told", () => {
    const predictor = createPredictor(86_400);
    for (const gap of [0, 1e-9, 600, 600, 1e7, 1e12, 86_400]) {
      predictor.failed(gap);
      const { survival } = predictor.curve();
      expect(survival[0]!).toBeGreaterThan(0.5);
      expect(survival[0]!).toBeLessThanOrEqual(1 + 1e-9);
      for (let g = 0; g < CELLS; g++) expect(survival[g + 1]!).toBeLessThanOrEqual(survival[g]! + 1e-12);
      expect(survival.every(Number.isFinite)).toBe(true);
    }
  });

  test("learns the rate of an exponential series within 25 % in a hundred gaps, from a prior wrong tenfold", () => {
    const random = randomStream(3);
    for (const prior of [100, 10_000]) {
      const predictor = createPredictor(prior);
      for (let i = 0; i < 100; i++) predictor.failed(-1000 * Math.log(1 - random()));
      expect(Math.abs(survivalAt(predictor.curve(), 700) / Math.exp(-0.7) - 1)).toBeLessThan(0.25);
    }
  });

  test("sees that machines die young", () => {
    const random = randomStream(4);
    const predictor = createPredictor(86_400);
    const scale = weibullScale(10_000, 0.5);
    for (let i = 0; i < 150; i++) predictor.failed(scale * (-Math.log(1 - random())) ** 2);
    const curve = predictor.curve();
    expect(hazardAt(curve, 100, 100)).toBeGreaterThan(3 * hazardAt(curve, 10_000, 1000));
  });

  test("finds lifetimes that recur", () => {
    const predictor = createPredictor(86_400);
    for (let i = 0; i < 20; i++) predictor.failed(3600);
    const curve = predictor.curve();
    expect(survivalAt(curve, 3400)).toBeGreaterThan(0.75);
    expect(survivalAt(curve, 3800)).toBeLessThan(0.2);
  });

  test("takes machines that did not die as evidence of longer lives", () => {
    const predictor = createPredictor(1000);
    const before = survivalAt(predictor.curve(), 5000);
    predictor.survived(2000, 30);
    expect(survivalAt(predictor.curve(), 5000)).toBeGreaterThan(before + 0.3);
  });

  test("recalls hundreds of failures at once", () => {
    const predictor = createPredictor(86_400);
    predictor.recall(500, true, 2000, 2);
    expect(survivalAt(predictor.curve(), 5000)).toBeLessThan(0.1);
  });
});
