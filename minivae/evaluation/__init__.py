"""Evaluation: the bound on data that training never saw, and what it is to be compared with."""

from minivae.evaluation.activation import (
    maximally_activating_inputs,
)
from minivae.evaluation.annealed import (
    AnnealedEstimate,
    Bracket,
    annealed_bracket,
    annealed_estimate,
)
from minivae.evaluation.baseline import (
    ignorant_log_prob,
)
from minivae.evaluation.bound import (
    Score,
    evaluate,
)
from minivae.evaluation.classifier import (
    Classifier,
)
from minivae.evaluation.clusters import (
    ClusterAccuracy,
    cluster_accuracy,
    kmeans_clusters,
    mixture_clusters,
)
from minivae.evaluation.decomposition import (
    ElboSplit,
    FamilyGaps,
    Gap,
    family_gaps,
    linear_gaussian_gap,
    quadrature_gap,
    split_elbo,
)
from minivae.evaluation.diagnose import (
    diagnose,
)
from minivae.evaluation.diagnosis import (
    Diagnosis,
    Measure,
)
from minivae.evaluation.disentanglement import (
    DCI,
    FactorGap,
    dci,
    mutual_information_gap,
    separated_attributes,
)
from minivae.evaluation.diversity import (
    Diversity,
    distinct_ngrams,
    diversity,
)
from minivae.evaluation.exact import (
    LinearGaussian,
)
from minivae.evaluation.finding import (
    Finding,
)
from minivae.evaluation.frechet import (
    frechet_between,
    frechet_distance,
)
from minivae.evaluation.gradients import (
    GradientStatistics,
    estimator_statistics,
    gradient_draws,
)
from minivae.evaluation.importance import (
    ImportanceEstimate,
    importance_estimate,
    prior_estimate,
)
from minivae.evaluation.information import (
    ElboSurgery,
    elbo_surgery,
)
from minivae.evaluation.intrinsic import (
    intrinsic_dimension,
)
from minivae.evaluation.latent_space import (
    Completeness,
    Continuity,
    completeness,
    continuity,
    decoder_jacobian,
)
from minivae.evaluation.modes import (
    ModeCoverage,
    mode_coverage,
)
from minivae.evaluation.probe import (
    Probe,
    linear_probe,
)
from minivae.evaluation.quadrature import (
    Quadrature,
    quadrature,
)
from minivae.evaluation.rates import (
    BitsBack,
    RateDistortion,
    bits_back,
    bits_per_dimension,
    rate_distortion,
)
from minivae.evaluation.spectrum import (
    jacobian_spectrum,
)
from minivae.evaluation.toy_estimators import (
    ESTIMATORS,
    EstimatorMoments,
    VarianceEstimate,
    cosine_moments,
    gradient_samples,
    squared_norm,
    squared_norm_moments,
    variance_estimate,
)
from minivae.evaluation.units import (
    ActiveUnits,
    active_units,
)
from minivae.evaluation.versus import (
    versus,
)

__all__ = [
    "DCI",
    "ESTIMATORS",
    "ActiveUnits",
    "AnnealedEstimate",
    "BitsBack",
    "Bracket",
    "Classifier",
    "ClusterAccuracy",
    "Completeness",
    "Continuity",
    "Diagnosis",
    "Diversity",
    "ElboSplit",
    "ElboSurgery",
    "EstimatorMoments",
    "FactorGap",
    "FamilyGaps",
    "Finding",
    "Gap",
    "GradientStatistics",
    "ImportanceEstimate",
    "LinearGaussian",
    "Measure",
    "ModeCoverage",
    "Probe",
    "Quadrature",
    "RateDistortion",
    "Score",
    "VarianceEstimate",
    "active_units",
    "annealed_bracket",
    "annealed_estimate",
    "bits_back",
    "bits_per_dimension",
    "cluster_accuracy",
    "completeness",
    "continuity",
    "cosine_moments",
    "dci",
    "decoder_jacobian",
    "diagnose",
    "distinct_ngrams",
    "diversity",
    "elbo_surgery",
    "estimator_statistics",
    "evaluate",
    "family_gaps",
    "frechet_between",
    "frechet_distance",
    "gradient_draws",
    "gradient_samples",
    "ignorant_log_prob",
    "importance_estimate",
    "intrinsic_dimension",
    "jacobian_spectrum",
    "kmeans_clusters",
    "linear_gaussian_gap",
    "linear_probe",
    "maximally_activating_inputs",
    "mixture_clusters",
    "mode_coverage",
    "mutual_information_gap",
    "prior_estimate",
    "quadrature",
    "quadrature_gap",
    "rate_distortion",
    "separated_attributes",
    "split_elbo",
    "squared_norm",
    "squared_norm_moments",
    "variance_estimate",
    "versus",
]
