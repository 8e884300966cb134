// The results of this library are types of the model, so its users need only one import.
@_exported public import LeaseModel
